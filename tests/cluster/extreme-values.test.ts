import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import type { ContainerInfo } from 'dockerode'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { withinBounds } from '../../api/apps/cut-app.ts'
import { withinBounds as operationWithinBounds } from '../../api/apps/operation-bounds.ts'
import { createEventStreams } from '../../api/cluster/feed/event-streams.ts'
import { createFeedPace } from '../../api/cluster/feed/feed-pace.ts'
import { createFeedQuota, readFeed } from '../../api/cluster/feed/feed-reader.ts'
import { feedEventToJson, type FeedReading } from '../../api/cluster/feed/feed-wire.ts'
import type { Feed, FeedEvent } from '../../api/cluster/feed/feed-event.ts'
import { createInventory } from '../../api/cluster/feed/inventory.ts'
import { createNodeClient } from '../../api/cluster/transport/node-client.ts'
import { toEngineContainer } from '../../api/docker/container-mapping.ts'
import { feedResponse } from '../../api/http/feed-response.ts'
import { toWire } from '../../api/wire.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { peer, peerId, sharedKey } from '../helpers/peer.ts'
import { recordedLog } from '../helpers/recorded-log.ts'
import { onlineNode, startedRegistry } from '../helpers/registry.ts'
import { someApp, someOperation, someStats } from '../helpers/things.ts'
import { until } from '../helpers/until.ts'

// One bad value is lost, and nothing else.

const words = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc
    .tuple(
      fc.constantFrom('x', '😀', '"', '\\', '\n', '\u0000', 'ü', '\ud83d', ',', '[{'),
      fc.constantFrom(1, 199, 255, 525, 3000, 12_000, 70_000),
    )
    .map(([unit, count]) => unit.repeat(count)),
)
const numbers = fc.oneof(fc.constantFrom(0, -1, 1.5, 2 ** 31, 2 ** 53, 1e308, -1e308, 3_221_225_786), fc.integer())

/** Anything that another program's container can look like to the Engine. */
const containerInfo = fc
  .record({
    Id: fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 }),
    Names: fc.array(words, { maxLength: 2 }),
    Image: words,
    State: fc.oneof(fc.constantFrom('running', 'exited', 'stopping'), words),
    Status: fc.oneof(
      words,
      numbers.map((code) => `Exited (${code}) 2 hours ago`),
    ),
    Created: numbers,
    Labels: fc.record({ 'com.docker.compose.service': words, 'com.docker.compose.project': words }, { requiredKeys: [] }),
    Ports: fc
      .tuple(fc.record({ IP: words, PublicPort: fc.nat(65_535), PrivatePort: fc.nat(65_535), Type: words }), fc.constantFrom(0, 1, 3, 1002))
      .map(([port, count]) => Array.from({ length: count }, () => port)),
  })
  .map((info) => info as unknown as ContainerInfo)

const app = fc
  .record({
    description: fc.option(words),
    statusReason: fc.option(words),
    infos: fc.array(containerInfo, { maxLength: 3 }),
    times: fc.constantFrom(1, 1, 1, 250),
  })
  .map(({ description, statusReason, infos, times }) => {
    const containers = infos.flatMap((info) => Array.from({ length: times }, () => toEngineContainer(info)))
    return withinBounds(
      someApp({
        nodeId: peerId,
        description,
        statusReason,
        containers: containers.map(({ project: _, workingDir: __, configFiles: ___, isOneOff: ____, imageId: _____, ...each }) => ({
          ...each,
          isSteady: true,
        })),
      }),
    )
  })
const operation = fc
  .record({ message: fc.option(words), error: fc.option(words), line: words, lines: fc.constantFrom(0, 1, 2000) })
  .map(({ message, error, line, lines }) =>
    operationWithinBounds(someOperation({ nodeId: peerId, message, error, output: Array.from({ length: lines }, () => line) })),
  )

const silent = { heard: () => undefined }

test('whatever Docker, Compose and people produce, the primary can read everything the node sends', async (t) => {
  await t.notThrowsAsync(() =>
    fc.assert(
      fc.asyncProperty(fc.array(app, { minLength: 1, maxLength: 4 }), fc.array(operation, { maxLength: 3 }), async (apps, operations) => {
        const clock = createManualClock()
        const events: FeedEvent[] = [{ type: 'snapshot', apps, operations }, ...apps.map((app) => ({ type: 'app', app }) as const)]
        const feed: Feed = {
          subscribe(listener) {
            events.forEach(listener)
            return Promise.resolve(() => undefined)
          },
        }
        const end = new AbortController()
        const { body } = feedResponse(feed, { signal: end.signal, clock, pace: createFeedPace(clock), onEnd: () => undefined })
        const readings: FeedReading[] = []
        const heard = new Map<string, unknown>()
        await readFeed((body ?? []) as AsyncIterable<Uint8Array>, createFeedQuota(clock), {
          ...silent,
          event(reading) {
            readings.push(reading)
            if (reading.event?.type === 'snapshot') for (const each of reading.event.apps) heard.set(each.id, each)
            if (reading.event?.type === 'app') heard.set(reading.event.app.id, reading.event.app)
            if (heard.size === apps.length && readings.length > apps.length) end.abort()
          },
        })
        if (readings.some(({ unread }) => unread.length > 0))
          throw new Error(JSON.stringify(readings.flatMap(({ unread }) => unread)).slice(0, 1000))
        for (const each of apps) if (!isDeepStrictEqual(heard.get(each.id), each)) throw new Error(`app ${each.id} is different`)
      }),
      { numRuns: 40 },
    ),
  )
})

/** A primary that reads one node over real HTTP into a real inventory. The test decides what the node sends. */
async function reading(t: ExecutionContext<unknown>) {
  const fixture = await startedRegistry(t)
  await onlineNode(fixture, { id: peerId, name: 'worker-1', apiEndpoint: 'http://10.0.0.2:8080', apiKey: sharedKey })
  const { clock, registry } = fixture
  const { log } = recordedLog()
  const open: ServerResponse[] = []
  const node = await peer(t, (_request, response) => void open.push(response.writeHead(200, { 'content-type': 'text/event-stream' })))
  const [lost, cuts, misbehavior]: [string[], string[], string[]] = [[], [], []]
  const unread: string[] = []
  const nothing = () => undefined
  const inventory = createInventory({
    ...{ em: fixture.database.em, findNode: registry.find, staleAfterMs: 20_000, clock, log },
    ...{ onApp: nothing, onAppRemoved: nothing, onOperation: nothing, onThings: () => undefined, onStats: nothing },
    onRoom: nothing,
    heardAt: () => null,
    onMisbehavior: (_, what) => void misbehavior.push(what),
  })
  await inventory.start()
  const streams = createEventStreams({
    client: createNodeClient({ selfId: '00000000-0000-4000-8000-000000000001' }),
    addressOf: (id) => ({ id, name: 'worker-1', apiEndpoint: node.url, apiKey: sharedKey }),
    ...{ hasWay: () => true, barMs: () => 0, clock, random: () => 1, log, onChange: nothing },
    onCut: (_, what) => void cuts.push(what),
    onLost: (_, reason) => void lost.push(reason),
    onReading(id, { event, unread: found }) {
      unread.push(...found.map(({ what }) => what))
      if (event && event.type !== 'about') inventory.apply(id, event)
    },
  })
  t.teardown(streams.stop)
  streams.open(peerId)
  await until(() => open.length === 1)
  return { inventory, unread, clock, lost, cuts, misbehavior, say: (json: string) => open[0]?.write(`data: ${json}\n\n`) }
}

type Wire = Record<string, unknown>
const wire = (event: FeedEvent): Wire => JSON.parse(feedEventToJson(event)) as Wire

const things = () => {
  const [app, other] = [someApp({ nodeId: peerId }), someApp({ nodeId: peerId, name: 'other' })]
  const operation = someOperation({ nodeId: peerId })
  const usage = {
    cpuPercent: 1,
    memoryBytes: 1,
    memoryLimitBytes: 1,
    networkRxBytes: 1,
    networkTxBytes: 1,
    blockReadBytes: 1,
    blockWriteBytes: 1,
  }
  const stats = someStats({
    nodeId: peerId,
    containers: [{ id: 'c', name: 'c', appName: null, service: null, state: 'running', ...usage }],
  })
  const about = {
    version: '1.0.0',
    capabilities: ['link'],
    connection: 'auto' as const,
    instanceId: randomUUID(),
    startedAt: new Date(),
    hostname: 'host',
    program: null,
  }
  const events: FeedEvent[] = [
    { type: 'snapshot', apps: [app, other], operations: [operation] },
    { type: 'app', app },
    { type: 'operation', operation },
    { type: 'stats', stats },
    { type: 'about', about },
  ]
  return { app, other, events }
}

/** Every place in a JSON value as a path, except in the second app, which must get through. */
function placesOf(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path]
  const inner = Object.entries(value).flatMap(([key, part]) => placesOf(part, [...path, Array.isArray(value) ? Number(key) : key]))
  return [...(path.length > 0 ? [path] : []), ...inner]
}
const isOfOther = ([list, index]: (string | number)[]): boolean => list === 'apps' && typeof index === 'number' && index !== 0

const anything = fc.oneof(
  words,
  numbers,
  fc.constantFrom(null, true, [], {}, [[[]]], 'hibernating', '+275760-09-13T00:00:00.000Z', 'never', undefined),
  fc.jsonValue({ maxDepth: 2 }),
)
/** Replaces a list with many copies of its items. */
const many = fc.constantFrom(501, 1500)

test('whatever one item of a node looks like, news about its other apps gets through, and the node is not barred', async (t) => {
  const { inventory, unread, clock, lost, cuts, say } = await reading(t)
  let round = 0
  const property = fc.asyncProperty(fc.nat(4), fc.nat(), anything, many, async (kind, at, value, count) => {
    const { other, events } = things()
    const event = wire(events[kind] ?? { type: 'app-removed', id: other.id })
    const places = placesOf(event).filter((place) => !isOfOther(place) && place[0] !== 'type')
    const place = places[at % places.length] ?? []
    const holder = place.slice(0, -1).reduce<unknown>((part, key) => (part as Wire)[key], event) as Wire
    const key = place.at(-1) ?? ''
    const former = holder[key]
    holder[key] = Array.isArray(former) && former.length > 0 && key !== 'apps' ? Array.from({ length: count }, () => former[0]) : value
    say(JSON.stringify(event))
    round += 1
    say(JSON.stringify(wire({ type: 'app', app: { ...other, description: `news ${round}` } })))
    await until(() => inventory.app(other.id)?.description === `news ${round}` || lost.length > 0)
    clock.advance(5000)
    if (lost.length + cuts.length > 0) throw new Error([...lost, ...cuts].join())
  })
  await t.notThrowsAsync(() => fc.assert(property, { numRuns: 300 }))
  t.true(unread.length > 50, 'unreadable values were reported')
})

test('an app keeps the rest if one of its containers, ports or words cannot be read', async (t) => {
  const { inventory, unread, say } = await reading(t)
  const { app, other } = things()
  const said = toWire(app) as unknown as { containers: Wire[]; status: unknown; status_reason: unknown }
  const [container] = said.containers
  const ports = container?.['ports'] as Wire[]
  said.containers = [
    { ...container, id: 'good' },
    { ...container, id: 'long', name: 'x'.repeat(525) },
    { ...container, id: 'bad', image: null },
    { ...container, id: 'new', state: 'hibernating', health: 'sleepy', ports: [{ ...ports[0], host_port: 'http' }, ...ports] },
  ]
  said.status = 'hibernating'
  say(JSON.stringify({ type: 'snapshot', apps: [said, toWire(other)], operations: [{ id: 7 }], new_key: 1 }))
  await until(() => inventory.app(other.id) !== undefined)
  const kept = inventory.app(app.id)
  t.deepEqual(
    kept?.containers.map(({ id }) => id),
    ['good', 'long', 'new'],
  )
  t.is(kept?.containers[1]?.name, `${'x'.repeat(299)}…`)
  t.like(kept?.containers[2], { state: 'unknown', health: 'unknown', ports: app.containers[0]?.ports ?? [] })
  t.like(kept, { status: 'unknown', statusReason: 'its node reports "hibernating", a status that this version does not know' })
  t.deepEqual(
    unread.map((what) => what.replace(/ and .*/, '')),
    [
      'app web: containers 2 name has 525 characters, of which 300 are read, containers 3 image cannot be read, containers 4 ports 1 host port cannot be read',
      'operation without name: id cannot be read, node id cannot be read, kind cannot be read, status cannot be read, progress cannot be read',
    ],
  )
})

test('an app that can no longer be read stays as last known; a removed app disappears', async (t) => {
  const { inventory, say } = await reading(t)
  const { app, other } = things()
  const gone = someApp({ nodeId: peerId, name: 'gone' })
  say(JSON.stringify(wire({ type: 'snapshot', apps: [app, other, gone], operations: [] })))
  await until(() => inventory.app(gone.id) !== undefined)
  say(
    JSON.stringify({
      type: 'snapshot',
      apps: [{ ...toWire(app), compose_content: 7 }, toWire({ ...other, description: 'new' })],
      operations: [],
    }),
  )
  await until(() => inventory.app(other.id)?.description === 'new')
  t.deepEqual(inventory.app(app.id)?.composeContent, app.composeContent)
  t.is(inventory.app(gone.id), undefined)
})

test('words of a newer version are read as unknown and lose nothing', async (t) => {
  const { inventory, unread, say } = await reading(t)
  const operation = someOperation({ nodeId: peerId, finishedAt: null, error: null })
  const newer = { ...toWire(operation), kind: 'teleport', status: 'pausing' }
  say(JSON.stringify({ type: 'operation', operation: newer }))
  await until(() => inventory.operation(operation.id) !== undefined)
  t.like(inventory.operation(operation.id), { kind: 'unknown', status: 'running' })
  say(JSON.stringify({ type: 'operation', operation: { ...newer, status: 'half-done', finished_at: new Date() } }))
  await until(() => inventory.operation(operation.id)?.status === 'interrupted')
  t.is(inventory.operation(operation.id)?.error, 'its node reports "half-done", a status that this version does not know')
  const app = someApp({ nodeId: peerId })
  say(JSON.stringify({ type: 'dream', of: 'sheep' }))
  say(JSON.stringify({ type: 'app', app: { ...toWire(app), desired_state: 'asleep', dreams: [1] } }))
  await until(() => inventory.app(app.id) !== undefined)
  t.is(inventory.app(app.id)?.desiredState, 'unknown')
  t.deepEqual(unread, [])
})
