import type { ServerResponse } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { createEventStreams } from '../../../api/cluster/feed/event-streams.ts'
import { feedEventToJson } from '../../../api/cluster/feed/feed-wire.ts'
import type { FeedEvent } from '../../../api/cluster/feed/feed-event.ts'
import { createNodeClient } from '../../../api/cluster/transport/node-client.ts'
import { freePort } from '../../helpers/free-port.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'
import { json, peer, peerId, sharedKey, type Peer } from '../../helpers/peer.ts'
import { recordedLog } from '../../helpers/recorded-log.ts'
import { someApp, someOperation, someStats } from '../../helpers/things.ts'
import { until } from '../../helpers/until.ts'

const app = someApp({ nodeId: peerId })
const snapshot: FeedEvent = { type: 'snapshot', apps: [app], operations: [someOperation({ nodeId: peerId })] }

function streamsTo(t: ExecutionContext<unknown>, endpoint: () => string) {
  const clock = createManualClock()
  const client = createNodeClient({ selfId: '00000000-0000-4000-8000-000000000001' })
  const events: FeedEvent[] = []
  const unread: string[] = []
  const lost: string[] = []
  const cuts: string[] = []
  const way = { isThere: true }
  const { log, messages } = recordedLog()
  const streams = createEventStreams({
    client,
    addressOf: (id) => ({ id, name: 'worker-1', apiEndpoint: endpoint(), apiKey: sharedKey }),
    hasWay: () => way.isThere,
    barMs: () => 0,
    onCut: (_, what) => void cuts.push(what),
    onReading(_, reading) {
      unread.push(...reading.unread.map(({ what }) => what))
      if (reading.event) events.push(reading.event)
    },
    onLost: (_, reason) => void lost.push(reason),
    onChange: () => undefined,
    clock,
    random: () => 1,
    log,
  })
  t.teardown(() => {
    streams.stop()
    client.close()
  })
  return { streams, clock, events, unread, lost, cuts, messages, way }
}

const say = (response: ServerResponse | undefined, event: FeedEvent): void => void response?.write(`data: ${feedEventToJson(event)}\n\n`)

/** A node whose open event streams the test controls. Each starts with `first`. */
async function feeding(t: ExecutionContext<unknown>, first: FeedEvent | null = snapshot): Promise<{ node: Peer; open: ServerResponse[] }> {
  const open: ServerResponse[] = []
  const node = await peer(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    open.push(response)
    if (first) say(response, first)
  })
  return { node, open }
}

test('one request with credentials brings the current state, then each change', async (t) => {
  const { node, open } = await feeding(t)
  const { streams, events } = streamsTo(t, () => node.url)
  streams.open(peerId)
  await until(() => events.length === 1)
  t.deepEqual(events, [snapshot])
  const changes: FeedEvent[] = [
    { type: 'app', app: { ...app, status: 'stopped', name: 'grüße-☕' } },
    { type: 'operation', operation: someOperation({ nodeId: peerId, status: 'running', finishedAt: null }) },
    { type: 'stats', stats: someStats({ nodeId: peerId }) },
    { type: 'app-removed', id: app.id },
  ]
  for (const change of changes) say(open[0], change)
  await until(() => events.length === 5)
  t.deepEqual(events.slice(1), changes)
  t.is(node.requests.length, 1)
  t.like(node.requests[0], { url: '/api/internal/events', headers: { 'x-node-api-key': sharedKey, accept: 'text/event-stream' } })
})

test('an event can arrive in pieces, even split within a character', async (t) => {
  const { node, open } = await feeding(t)
  const { streams, events, clock } = streamsTo(t, () => node.url)
  streams.open(peerId)
  await until(() => events.length === 1)
  const change: FeedEvent = { type: 'app', app: { ...app, description: 'Kaffee ☕' } }
  const bytes = Buffer.from(`data: ${feedEventToJson(change)}\n\n`)
  const cut = bytes.indexOf('☕') + 1
  clock.advance(4500)
  open[0]?.write(bytes.subarray(0, cut))
  await until(() => clock.waits()[0] === 1000)
  open[0]?.write(bytes.subarray(cut))
  await until(() => events.length === 2)
  t.deepEqual(events[1], change)
})

test('any byte counts as a sign of life; after 7.5 s of silence the stream is lost', async (t) => {
  const { node, open } = await feeding(t)
  const { streams, events, lost, clock } = streamsTo(t, () => node.url)
  streams.open(peerId)
  await until(() => events.length === 1)
  for (let i = 0; i < 5; i++) {
    clock.advance(7000)
    open[0]?.write(': still here\n\n')
    await until(() => clock.waits()[0] === 1000)
  }
  t.deepEqual(lost, [])
  clock.advance(7500)
  await until(() => lost.length === 1)
  t.deepEqual(lost, ['nothing was received for 7.5 s'])
  await until(() => open[0]?.destroyed === true)

  clock.advance(clock.waits()[0] ?? 0)
  await until(() => events.length === 2)
  t.deepEqual(events[1], snapshot, 'reopened with a new snapshot')
})

test('a stream that the node closes is reported as lost once and reopened', async (t) => {
  const { node, open } = await feeding(t)
  const { streams, events, lost, clock, messages } = streamsTo(t, () => node.url)
  streams.open(peerId)
  await until(() => events.length === 1)
  open[0]?.end()
  await until(() => lost.length === 1)
  t.deepEqual(lost, ['the node closed the event stream'])
  t.deepEqual(clock.waits(), [2500])
  t.deepEqual(messages(), ['event stream lost'])
  clock.advance(2500)
  await until(() => events.length === 2)
  t.is(node.requests.length, 2)
})

test('a node that restarts every few seconds and has much to send waits for its turn and is not cut off', async (t) => {
  // About what a node may send at once after a restart.
  const apps = Array.from({ length: 26 }, () => someApp({ nodeId: peerId, composeContent: 'x'.repeat(256 * 1024) }))
  const node = await peer(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    say(response, snapshot)
    for (const each of apps) say(response, { type: 'app', app: each })
    response.end()
  })
  const { streams, events, lost, cuts, clock } = streamsTo(t, () => node.url)
  streams.open(peerId)
  const began = clock.now().getTime()
  for (let round = 1; round <= 6; round++) {
    while (node.requests.length < round) {
      clock.advance(100)
      await nextTurn()
    }
    await until(() => lost.length === round)
    // It calls home as soon as it is back.
    streams.open(peerId)
  }
  t.deepEqual(cuts, [])
  t.is(events.length, 6 * (1 + apps.length))
  const waited = clock.now().getTime() - began
  t.true(waited > 10_000 && waited < 60_000, `it waited for ${waited} ms`)
})

test('a node that does not open its stream is reported once and retried every 1 s to 30 s', async (t) => {
  const port = await freePort()
  const { streams, lost, clock, messages } = streamsTo(t, () => `http://127.0.0.1:${port}`)
  streams.open(peerId)
  const waits: number[] = []
  for (let i = 0; i < 7; i++) {
    await until(() => messages().length === i + 1)
    const [wait = 0] = clock.waits()
    waits.push(wait)
    clock.advance(wait)
  }
  t.deepEqual(waits, [2500, 4500, 8500, 16_500, 30_500, 30_500, 30_500])
  t.is(lost.length, 1)
  t.regex(lost[0] ?? '', /connection refused/)
  t.deepEqual([...new Set(messages())], ['event stream could not be opened'])
})

test('Retry-After from a node is respected, up to ten minutes', async (t) => {
  let seconds = '120'
  const busy = await peer(t, (_request, response) => void response.writeHead(429, { 'retry-after': seconds }).end())
  const { streams, clock, messages } = streamsTo(t, () => busy.url)
  streams.open(peerId)
  await until(() => messages().length === 1)
  t.deepEqual(clock.waits(), [120_000 + 2000])
  seconds = '86400'
  clock.advance(122_000)
  await until(() => messages().length === 2)
  t.deepEqual(clock.waits(), [600_000 + 4000])
  t.is(busy.requests.length, 2)
})

test('gives up on a node that never answers after 10 s, and on one that answers but sends nothing after 7.5 s', async (t) => {
  const silent = await peer(t, () => undefined)
  const { node: mute } = await feeding(t, null)
  for (const { url, requests } of [silent, mute]) {
    const { streams, clock, messages, lost } = streamsTo(t, () => url)
    streams.open(peerId)
    await until(() => requests.length === 1)
    // The answer of the node that sends nothing may still be on its way.
    await until(() => (clock.advance(10_000), messages().length === 1))
    t.deepEqual(messages(), ['event stream could not be opened'])
    t.regex(lost.join(), /did not open the event stream within 10 s$|^nothing was received for 7.5 s$/)
  }
})

test('wake ends the wait at once and leaves an open stream alone', async (t) => {
  let isUp = false
  const open: ServerResponse[] = []
  const node = await peer(t, (_request, response) => {
    if (!isUp) return json(response, { title: 'starting' }, 503)
    open.push(response.writeHead(200, { 'content-type': 'text/event-stream' }))
    say(response, snapshot)
  })
  const { streams, events, clock, messages } = streamsTo(t, () => node.url)
  streams.wake(peerId)
  await nextTurn()
  t.is(node.requests.length, 0, 'a node that is not followed is not woken')
  streams.open(peerId)
  for (let i = 1; i <= 5; i++) {
    await until(() => messages().length === i)
    clock.advance(clock.waits()[0] ?? 0)
  }
  await until(() => messages().length === 6)
  t.deepEqual(clock.waits(), [30_500])
  isUp = true
  streams.wake(peerId)
  await until(() => events.length === 1)
  streams.wake(peerId)
  say(open[0], { type: 'app-removed', id: app.id })
  await until(() => events.length === 2)
  t.is(node.requests.length, 7)
  t.is(clock.waiting(), 1, 'only the silence timer is left')
})

test('a node without a way to reach it is not called until one appears', async (t) => {
  const { node } = await feeding(t)
  const { streams, events, clock, lost, way } = streamsTo(t, () => node.url)
  way.isThere = false
  streams.open(peerId)
  streams.wake(peerId)
  await nextTurn()
  t.deepEqual({ called: node.requests.length, waiting: clock.waiting(), lost }, { called: 0, waiting: 0, lost: [] })
  way.isThere = true
  streams.wake(peerId)
  await until(() => events.length === 1)
  t.is(node.requests.length, 1, 'a call made before would have come before')
})

test('a node that dies right after calling home is suspected; one that calls but cannot be called is suspected only once', async (t) => {
  const { node, open } = await feeding(t)
  const { streams, events, lost, messages } = streamsTo(t, () => node.url)
  streams.open(peerId)
  await until(() => events.length === 1)
  open[0]?.end()
  await until(() => lost.length === 1)
  await node.close()
  streams.wake(peerId)
  await until(() => lost.length === 2)
  streams.wake(peerId)
  await until(() => messages().length === 3)
  t.is(lost.length, 2, 'once per session')
  streams.passedCheck(peerId)
  streams.wake(peerId)
  await until(() => messages().length === 4)
  t.is(lost.length, 3, 'it answered before and now does not')
  streams.wake(peerId)
  await until(() => messages().length === 5)
  t.is(lost.length, 3)
})

test('after a stream has held for a minute, the next wait is short again', async (t) => {
  const { node, open } = await feeding(t)
  const { streams, events, lost, clock } = streamsTo(t, () => node.url)
  streams.open(peerId)
  const waits: number[] = []
  for (let round = 0; round < 4; round++) {
    await until(() => events.length === round + 1)
    if (round === 3) {
      for (let i = 0; i < 9; i++) {
        clock.advance(7000)
        open.at(-1)?.write(': still here\n\n')
        await until(() => clock.waits()[0] === 1000)
      }
    }
    open.at(-1)?.end()
    await until(() => lost.length === round + 1)
    waits.push(clock.waits()[0] ?? 0)
    clock.advance(clock.waits()[0] ?? 0)
  }
  t.deepEqual(waits, [2500, 4500, 8500, 1500])
})

test('a replaced stream that ends late changes nothing', async (t) => {
  const former = await feeding(t)
  const current = await feeding(t)
  let endpoint = former.node.url
  const { streams, events, lost, clock, messages } = streamsTo(t, () => endpoint)
  streams.open(peerId)
  await until(() => events.length === 1)
  endpoint = current.node.url
  streams.open(peerId)
  await until(() => events.length === 2)
  await former.node.close()
  await nextTurn()
  say(current.open[0], { type: 'app-removed', id: app.id })
  await until(() => events.length === 3)
  t.deepEqual(lost, [])
  t.deepEqual(messages(), [])
  t.is(clock.waiting(), 1)
  t.is(current.node.requests.length, 1)
})

test('close ends the connection and every wait', async (t) => {
  const { node, open } = await feeding(t)
  const { streams, events, lost, clock } = streamsTo(t, () => node.url)
  streams.open(peerId)
  await until(() => events.length === 1)
  streams.close(peerId)
  await until(() => open[0]?.destroyed === true)
  streams.wake(peerId)
  await until(() => clock.waiting() === 0)
  // A call of the stream would come before this one.
  await (await fetch(node.url)).body?.cancel()
  t.deepEqual(lost, [])
  t.is(node.requests.length, 2)

  const port = await freePort()
  const failing = streamsTo(t, () => `http://127.0.0.1:${port}`)
  failing.streams.open(peerId)
  await until(() => failing.messages().length === 1)
  failing.streams.stop()
  t.is(failing.clock.waiting(), 0)
})

const strange: Record<string, { says: string; unread: RegExp }> = {
  'invalid JSON': { says: 'data: {"type":\n\n', unread: /^an event is malformed$/ },
  'an event without a type': { says: 'data: {"app":{}}\n\n', unread: /^an event is malformed$/ },
  'an event that is a list': { says: 'data: [1,2]\n\n', unread: /^an event is malformed$/ },
  'a removal without an app': { says: 'data: {"type":"app-removed","id":7}\n\n', unread: /^an event of type app-removed is malformed$/ },
  'an app without a name': {
    says: `data: ${JSON.stringify({ type: 'app', app: { id: app.id, node_id: peerId } })}\n\n`,
    unread: new RegExp(`^app ${app.id}: name cannot be read`),
  },
}

for (const [what, { says, unread: words }] of Object.entries(strange)) {
  test(`${what} is dropped and named, and the stream continues`, async (t) => {
    const { node, open } = await feeding(t)
    const { streams, events, unread, lost } = streamsTo(t, () => node.url)
    streams.open(peerId)
    await until(() => events.length === 1)
    open[0]?.write(says)
    if (open[0]) say(open[0], { type: 'app', app })
    await until(() => events.length === 2)
    t.deepEqual(events[1], { type: 'app', app })
    t.is(unread.length, 1)
    t.regex(unread[0] ?? '', words)
    t.deepEqual(lost, [])
  })
}

const bad: Record<string, string> = {
  'an event above 8 MiB': `data: "${'a'.repeat(9 * 1024 * 1024)}"\n\n`,
}

for (const [what, text] of Object.entries(bad)) {
  test(`${what} ends the stream, and none of it is used`, async (t) => {
    const { node, open } = await feeding(t)
    const { streams, events, lost, clock } = streamsTo(t, () => node.url)
    streams.open(peerId)
    await until(() => events.length === 1)
    open[0]?.on('error', () => undefined).write(text)
    await until(() => lost.length === 1)
    t.is(events.length, 1)
    await until(() => open[0]?.destroyed === true)
    clock.advance(clock.waits()[0] ?? 0)
    await until(() => events.length === 2)
    t.deepEqual(events[1], snapshot)
  })
}

test('skips a type of event that only a newer version knows', async (t) => {
  const { node, open } = await feeding(t)
  const { streams, events, lost } = streamsTo(t, () => node.url)
  streams.open(peerId)
  await until(() => events.length === 1)
  open[0]?.write(`data: {"type":"surprise"}\n\ndata: ${JSON.stringify({ type: 'app-removed', id: app.id })}\n\n`)
  await until(() => events.length === 2)
  t.deepEqual(events[1], { type: 'app-removed', id: app.id })
  t.deepEqual(lost, [])
})
