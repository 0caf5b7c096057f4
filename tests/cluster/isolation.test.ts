import { randomUUID } from 'node:crypto'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createSocketServer, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import test, { type ExecutionContext } from 'ava'
import { systemClock } from '../../api/clock.ts'
import { feedEventToJson } from '../../api/cluster/feed/feed-wire.ts'
import type { FeedEvent } from '../../api/cluster/feed/feed-event.ts'
import { dial, DialError } from '../../api/cluster/transport/link-socket.ts'
import { createNodeClient } from '../../api/cluster/transport/node-client.ts'
import { follow } from '../helpers/graphql.ts'
import { linkTable, nodeEnd } from '../helpers/link-pair.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { peerId, sharedKey } from '../helpers/peer.ts'
import { endHeaders, endStream, fieldLines, frame, rawLink } from '../helpers/raw-link.ts'
import { nodeHeaders, runningNode, type RunningNode } from '../helpers/running-node.ts'
import { someApp, someOperation, someStats } from '../helpers/things.ts'
import { toWire } from '../../api/wire.ts'
import { until } from '../helpers/until.ts'

/** Enough for every other fault to be found on a busy machine. */
const checkSeconds = 3
const silence = new RegExp(`^did not answer within ${checkSeconds} s$`)

const address = { id: peerId, name: 'worker-1', apiEndpoint: 'http://127.0.0.1:9', apiKey: sharedKey, connection: 'link' as const }
const stats = { path: '/api/internal/system/stats' }

/** A primary's client, linked to a node that answers each request with bytes chosen by the test. */
async function linkedTo(t: ExecutionContext<unknown>, onRequest: Parameters<typeof rawLink>[2]) {
  const table = await linkTable(t, systemClock)
  const client = createNodeClient({ selfId: '00000000-0000-4000-8000-000000000001', linkOf: table.links.get })
  t.teardown(client.close)
  const wire = await rawLink(table.url, {}, onRequest)
  await until(() => table.links.get(peerId) !== undefined)
  return { ...table, client, wire }
}

const answered = (fields: Record<string, string>) => (streamId: number, send: (...frames: Buffer[]) => void) =>
  send(frame('headers', streamId, fieldLines(fields), endHeaders), frame('data', streamId, Buffer.from('{}'), endStream))

test('link: headers and body that arrive at once are a complete answer', async (t) => {
  const { client } = await linkedTo(t, answered({ ':status': '200' }))
  t.deepEqual(await client.request(address, stats), {})
})

for (const status of ['999', '600', '099', '101']) {
  test(`link: a status of ${status} fails the call and nothing else`, async (t) => {
    const { client } = await linkedTo(t, answered({ ':status': status }))
    const error = await t.throwsAsync(client.request(address, { ...stats, deadlineMs: 5000 }))
    t.like(error, { code: 'NODE_UNREACHABLE' })
  })
}

test('link: an answer that the node cuts off does not count as complete', async (t) => {
  const { client } = await linkedTo(t, (streamId, send) => {
    send(frame('headers', streamId, fieldLines({ ':status': '200' }), endHeaders), frame('data', streamId, Buffer.from('1')))
    send(frame('rstStream', streamId, Buffer.from([0, 0, 0, 2])))
  })
  const error = await t.throwsAsync(client.request(address, { ...stats, method: 'POST', deadlineMs: 5000 }))
  t.like(error, { code: 'NODE_UNREACHABLE' })
})

test('link: after GOAWAY a node has no link, even if requests are still running', async (t) => {
  const { client, downs } = await linkedTo(t, (_streamId, send) => send(frame('goaway', 0, Buffer.alloc(8))))
  await t.throwsAsync(client.request(address, { ...stats, deadlineMs: 20_000 }))
  await until(() => downs.length === 1)
})

interface SeenNode {
  id: string
  status: string
  statusReason: string | null
  session: { transport: string; generation: number } | null
  conditions: { type: string; message: string }[]
}

const nowhere = 'http://127.0.0.1:9'
const credentials = () => ({ id: randomUUID(), key: `key-${randomUUID()}` })

/** A primary with one healthy linked node, whose session must last whatever other nodes do. */
async function ground(t: ExecutionContext<unknown>) {
  const primary = await runningNode(t, { HEALTH_CHECK_TIMEOUT: String(checkSeconds) })
  const nodes = follow<SeenNode>(
    t,
    primary,
    'subscription { nodeStatusChanged { id status statusReason session { transport generation } conditions { type message } } }',
  )
  const good = credentials()
  await enter(primary, good, nowhere)
  const wire = await nodeEnd(primary.url, wellBehaved(good.id), nodeHeaders(good))
  t.teardown(() => wire.socket.terminate())
  const { session } = await nodes.first(({ id, session }) => id === good.id && session !== null)
  return {
    primary,
    nodes,
    /** The bad node has a condition that says what it did. */
    named: async (id: string, what: RegExp) => {
      const { conditions } = await nodes.first((node) => node.id === id && node.conditions.some(({ message }) => what.test(message)))
      t.like(
        conditions.find(({ message }) => what.test(message)),
        { type: 'MISBEHAVES' },
      )
    },
    /** No other node was affected. */
    unharmed: async () => {
      const check = await primary.graphql('mutation ($id: ID!) { checkNode(id: $id) { ok error } }', { id: good.id })
      t.deepEqual(check.data.checkNode, { ok: true, error: null })
      t.deepEqual(primary.services.details.sessionOf(good.id)?.generation, session?.generation)
    },
  }
}

/** Registers a node. A node without an endpoint has already said that it uses only links. */
async function enter(primary: RunningNode, { id, key }: { id: string; key: string }, apiEndpoint: string): Promise<void> {
  await primary.services.membership.welcome({ id, name: `node-${id.slice(0, 8)}`, apiEndpoint, apiKey: key })
  const connection = apiEndpoint === nowhere ? 'link' : 'direct'
  const { version } = primary.services
  primary.services.members.registry.learn(id, {
    version,
    capabilities: [],
    connection,
    instanceId: randomUUID(),
    startedAt: new Date(),
    hostname: 'host',
    program: null,
  })
}

const sayTo = (response: ServerResponse) => (event: FeedEvent) => response.write(`data: ${feedEventToJson(event)}\n\n`)

function wellBehaved(nodeId: string, onEvents: (response: ServerResponse) => void = () => undefined): RequestListener {
  return (request, response) => {
    request.resume()
    response.on('error', () => undefined)
    if (request.url === '/api/internal/system/stats') return void response.end(JSON.stringify(toWire(someStats({ nodeId }))))
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    sayTo(response)({ type: 'snapshot', apps: [], operations: [] })
    stayAlive(response)
    onEvents(response)
  }
}

const stayAlive = (response: ServerResponse): void => again(response, 2000, () => response.write(': keepalive\n\n'))

/** Repeats work every `ms` until the other side disconnects. */
function again(connection: ServerResponse | Socket, ms: number, work: () => void): void {
  let cancel: () => void = () => undefined
  const turn = (): void => {
    work()
    cancel = systemClock.after(ms, turn)
  }
  turn()
  connection.once('close', () => cancel())
}

async function listening(t: ExecutionContext<unknown>, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Writes as fast as the other side reads, up to `most` times. */
function endless(response: ServerResponse, text: string | (() => string), most = 1_000_000): void {
  Readable.from(
    (function* () {
      for (let i = 0; i < most; i++) yield typeof text === 'string' ? text : text()
    })(),
  )
    .on('error', () => undefined)
    .pipe(response)
    .on('error', () => undefined)
}

const appEvent = (nodeId: string, composeContent = 'services: {}') =>
  `data: ${feedEventToJson({ type: 'app', app: someApp({ nodeId, composeContent }) })}\n\n`

const babble: Record<string, { says: (response: ServerResponse, nodeId: string) => void; named: RegExp }> = {
  'thousands of events a second': {
    says: (response, id) => endless(response, appEvent(id)),
    named: /^It sent more than 100 events a second$/,
  },
  'an endless line': { says: (response) => endless(response, 'x'.repeat(64 * 1024)), named: /^It sent an event larger than 8 MiB$/ },
  'one gigantic event': {
    says: (response) => response.write(`data: "${'x'.repeat(9 * 2 ** 20)}"\n\n`),
    named: /^It sent an event larger than 8 MiB$/,
  },
  'megabytes of comments': {
    says: (response) => endless(response, `: ${'x'.repeat(64 * 1024)}\n`),
    named: /^It sent more than 1 MiB of events a second$/,
  },
  'a million values at once': {
    says: (response) => response.write(`data: [${'[],'.repeat(500_000)}[]]\n\n`),
    named: /^It sent JSON with more than 200000 values$|^It sent more than 1 MiB/,
  },
  "another node's app": {
    says: (response) => response.write(appEvent(randomUUID())),
    named: /^It sent apps or operations that belong to another node\. They are ignored/,
  },
  "another node's stats": {
    says: (response) => sayTo(response)({ type: 'stats', stats: someStats({ nodeId: randomUUID() }) }),
    named: /^It sent stats of another node\. They are ignored$/,
  },
  '1,000 apps of 200 KB': {
    says: (response, id) => endless(response, () => appEvent(id, 'x'.repeat(200_000)), 1000),
    named: /^It sent more than 1 MiB of events a second$/,
  },
}

for (const [what, { says, named }] of Object.entries(babble)) {
  for (const way of ['plain HTTP', 'a link'] as const) {
    test.serial(`${way}: a node that sends ${what} is named for it and does not affect other nodes`, async (t) => {
      const cluster = await ground(t)
      const bad = credentials()
      let opened = 0
      const listener = wellBehaved(bad.id, (response) => {
        opened += 1
        says(response, bad.id)
      })
      await enter(cluster.primary, bad, way === 'a link' ? nowhere : await listening(t, listener))
      if (way === 'a link') {
        const wire = await nodeEnd(cluster.primary.url, listener, nodeHeaders(bad))
        t.teardown(() => wire.socket.terminate())
      }
      await cluster.named(bad.id, named)
      await cluster.unharmed()
      t.true(opened <= 2, `${opened} streams`)
    })
  }
}

test.serial('unreadable data is a condition of its node while it lasts, and has no other effect', async (t) => {
  const cluster = await ground(t)
  const odd = credentials()
  let stream: ServerResponse | undefined
  const app = someApp({ nodeId: odd.id, name: 'shop' })
  const badStats = { ...toWire(someStats({ nodeId: odd.id })), disks: [{ mount: 7 }], cpu: 'fast' }
  const listener = wellBehaved(odd.id, (response) => {
    stream = response
    response.write(`data: ${JSON.stringify({ type: 'app', app: { ...toWire(app), containers: [{ id: 1 }] } })}\n\n`)
    response.write(`data: ${JSON.stringify({ type: 'stats', stats: badStats })}\n\n`)
  })
  await enter(cluster.primary, odd, await listening(t, listener))
  const conditionsOf = (count: number) => cluster.nodes.first(({ id, conditions }) => id === odd.id && conditions.length === count)
  const { conditions } = await cluster.nodes.first(({ id, conditions }) => id === odd.id && /its stats/.test(conditions[0]?.message ?? ''))
  t.is(conditions[0]?.type, 'UNREADABLE')
  t.regex(
    conditions[0]?.message ?? '',
    /^Some of what the node sends cannot be read and is not shown: app shop: containers 1 id cannot be read; its stats: cpu cannot be read, disks 1 mount cannot be read/,
  )
  t.is(cluster.primary.services.feed.inventory.app(app.id)?.lastKnownStatus, 'running')
  t.is(cluster.primary.services.limits.misbehavior.of(odd.id), null)
  // The check brings readable stats, and the stream a readable app.
  t.is(await checked(cluster, odd.id), null)
  if (stream) sayTo(stream)({ type: 'app', app })
  await conditionsOf(0)
  t.is(cluster.primary.services.members.registry.get(odd.id).health.status, 'online')
  await cluster.unharmed()
})

/** The error that a manual check of the bad node shows. */
async function checked({ primary }: { primary: RunningNode }, id: string): Promise<string | null> {
  const { data } = await primary.graphql('mutation ($id: ID!) { checkNode(id: $id) { error } }', { id })
  return data.checkNode.error
}

const badAnswers: Record<string, { answers: (response: ServerResponse) => void; says: RegExp }> = {
  'one byte a second': {
    answers: (response) => again(response, 200, () => response.write(' ')),
    says: silence,
  },
  'an endless body': { answers: (response) => endless(response, 'x'.repeat(64 * 1024)), says: /^sent an answer that is too large$/ },
  'a million values': {
    answers: (response) => response.end(`[${'[],'.repeat(500_000)}[]]`),
    says: /^sent JSON with more than 50000 values$/,
  },
  "another node's stats": {
    answers: (response) => response.end(JSON.stringify(toWire(someStats({ nodeId: randomUUID() })))),
    says: /^answered as another node \(/,
  },
  'a gigantic refusal': {
    answers: (response) => endless(response.writeHead(500), 'x'.repeat(64 * 1024)),
    says: /^answered 500, which is not an answer from Selfhostly/,
  },
  nothing: { answers: () => undefined, says: silence },
}

for (const [what, { answers, says }] of Object.entries(badAnswers)) {
  test.serial(`a node that answers with ${what} fails its check with a clear reason, directly and over its link`, async (t) => {
    const cluster = await ground(t)
    const listener: RequestListener = (request, response) => {
      request.resume()
      response.on('error', () => undefined)
      answers(response)
    }
    const [direct, linked] = [credentials(), credentials()]
    await enter(cluster.primary, direct, await listening(t, listener))
    await enter(cluster.primary, linked, nowhere)
    const wire = await nodeEnd(cluster.primary.url, listener, nodeHeaders(linked))
    t.teardown(() => wire.socket.terminate())
    await cluster.nodes.first(({ id, status }) => id === linked.id && status === 'ONLINE')
    t.regex((await checked(cluster, direct.id)) ?? '', says)
    t.regex((await checked(cluster, linked.id)) ?? '', says)
    await cluster.unharmed()
  })
}

test.serial('endless headers run into the deadline', async (t) => {
  const cluster = await ground(t)
  const bad = credentials()
  const server = createSocketServer((socket) => {
    socket.on('error', () => undefined).write('HTTP/1.1 200 OK\r\n')
    again(socket, 50, () => socket.write('x-more: 1\r\n'))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.close())
  await enter(cluster.primary, bad, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  t.is(await checked(cluster, bad.id), `did not answer within ${checkSeconds} s`)
  await cluster.unharmed()
})

const floods: Record<string, Buffer> = {
  PING: frame('ping', 0, Buffer.alloc(8)),
  SETTINGS: frame('settings', 0),
  RST_STREAM: frame('rstStream', 1, Buffer.alloc(4)),
  WINDOW_UPDATE: frame('windowUpdate', 0, Buffer.from([0, 0, 0, 1])),
  'empty DATA': frame('data', 1),
}

for (const [name, flood] of Object.entries(floods)) {
  test.serial(`a link that floods with ${name} is cut and can come back later`, async (t) => {
    const cluster = await ground(t)
    const bad = credentials()
    await enter(cluster.primary, bad, nowhere)
    const wire = await rawLink(cluster.primary.url, nodeHeaders(bad), () => undefined)
    const closed = new Promise((resolve) => wire.stream.once('close', resolve))
    await cluster.nodes.first(({ id, status }) => id === bad.id && status === 'ONLINE')
    const many = Buffer.concat(Array.from({ length: 500 }, () => flood))
    const more = (): void => {
      if (wire.stream.destroyed) return
      if (wire.stream.write(many)) setImmediate(more)
      else wire.stream.once('drain', more)
    }
    more()
    await closed
    t.is(cluster.primary.services.transport.links.get(bad.id), undefined)
    await cluster.unharmed()
  })
}

test.serial('a node that opens links in a loop is slowed and does not slow others', async (t) => {
  const cluster = await ground(t)
  const bad = credentials()
  await enter(cluster.primary, bad, nowhere)
  let refused: unknown
  let opened = 0
  for (; opened < 50 && !refused; opened += 1)
    await dial(cluster.primary.url, nodeHeaders(bad)).catch((error: unknown) => (refused = error))
  t.true(opened <= 6, `${opened} links`)
  t.true(refused instanceof DialError && refused.status === 429 && (refused.retryAfterMs ?? 0) > 0)
  const other = credentials()
  await enter(cluster.primary, other, nowhere)
  await dial(cluster.primary.url, nodeHeaders(other))
  await cluster.unharmed()
})

test.serial('the event stream of a node that always ends it at once is reopened with growing waits', async (t) => {
  const clock = createManualClock()
  const primary = await runningNode(t, {}, { clock })
  const bad = credentials()
  let opened = 0
  const listener = wellBehaved(bad.id, (response) => {
    opened += 1
    response.end()
  })
  await enter(primary, bad, await listening(t, listener))
  const beat = () => primary.send(`/api/internal/nodes/${bad.id}/heartbeat`, { method: 'POST', headers: nodeHeaders(bad) })
  await beat()
  const lost = () => primary.log.filter(({ msg }) => msg === 'event stream lost').length
  await until(() => lost() > 0)
  const before = opened
  t.is(lost(), before)
  for (let i = 0; i < 50; i++) await primary.send('/api/health')
  t.is(opened, before, 'no time has passed')
  await beat()
  await until(() => opened === before + 1)
  await until(() => lost() === opened)
  while (opened === before + 1) {
    clock.advance(100)
    await primary.send('/api/health')
  }
  t.is(opened, before + 2)
})

test.serial('a node that calls its primary in a loop is slowed and named, and its calls still keep it online', async (t) => {
  const cluster = await ground(t)
  const bad = credentials()
  await enter(cluster.primary, bad, nowhere)
  const beat = async () =>
    (await cluster.primary.send(`/api/internal/nodes/${bad.id}/heartbeat`, { method: 'POST', headers: nodeHeaders(bad) })).status
  const calling = { on: true }
  const statuses: number[] = []
  const loops = Array.from({ length: 4 }, async () => {
    while (calling.on) statuses.push(await beat())
  })
  await cluster.named(bad.id, /^It called its primary more than 600 times within 60 s/)
  await cluster.unharmed()
  await until(() => statuses.includes(429))
  calling.on = false
  await Promise.all(loops)
  t.is(statuses.filter((status) => status === 200).length, 600)
  t.true(statuses.length <= 620, `${statuses.length} calls`)
  t.is(cluster.primary.services.members.registry.get(bad.id).health.status, 'online')
})

test.serial('refuses the answer of a node that claims to be another one', async (t) => {
  const cluster = await ground(t)
  const bad = credentials()
  const wire = wellBehaved(bad.id)
  const listener: RequestListener = (request, response) => {
    if (request.method !== 'POST') return wire(request, response)
    request.resume()
    const operation = someOperation({ nodeId: randomUUID() })
    response.writeHead(202).end(JSON.stringify({ app: toWire(someApp({ nodeId: bad.id })), operation: toWire(operation) }))
  }
  await enter(cluster.primary, bad, await listening(t, listener))
  await cluster.nodes.first(({ id, status }) => id === bad.id && status === 'ONLINE')
  const { errors } = await cluster.primary.graphql(
    'mutation ($id: ID!) { createApp(nodeId: $id, input: { name: "web", composeContent: "services: {}" }) { app { id } } }',
    { id: bad.id },
  )
  t.like(errors[0], { extensions: { code: 'NODE_UNREACHABLE' } })
  t.regex(errors[0].message, /answered as another node$/)
  await cluster.unharmed()
})
