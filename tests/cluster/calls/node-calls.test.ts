import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import test, { type ExecutionContext } from 'ava'
import { appActionCalls } from '../../../api/cluster/calls/app-calls.ts'
import { duplex, idParam, type AnsweredCall } from '../../../api/cluster/calls/declared-call.ts'
import { calls } from '../../../api/cluster/node-calls.ts'
import type { NodeAddress } from '../../../api/cluster/members/node-registry.ts'
import { createNodeClient, type NodeClient } from '../../../api/cluster/transport/node-client.ts'
import { createRouter, type Router } from '../../../api/http/router.ts'
import { serveCall, serveStream } from '../../../api/http/serve-call.ts'
import { toWire } from '../../../api/wire.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'
import { linkTable, nodeEnd } from '../../helpers/link-pair.ts'
import { peerId, sharedKey } from '../../helpers/peer.ts'
import { someApp, someNodeContainer, someOperation, someStats } from '../../helpers/things.ts'
import { until } from '../../helpers/until.ts'

type Way = 'direct' | 'link'
interface Ground {
  router: Router
  client: NodeClient
  address: NodeAddress
}

/** A server that serves what the test declares, and a client that reaches it over plain HTTP or over a link. */
async function ground(t: ExecutionContext<unknown>, way: Way): Promise<Ground> {
  const router = createRouter()
  const listener = getRequestListener(router.fetch) as RequestListener
  const server = createServer(listener)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { links, url } = await linkTable(t, createManualClock())
  if (way === 'link') {
    await nodeEnd(url, listener)
    await until(() => links.get(peerId) !== undefined)
  }
  const client = createNodeClient({ selfId: '00000000-0000-4000-8000-000000000001', linkOf: links.get })
  t.teardown(() => {
    client.close()
    server.closeAllConnections()
    server.close()
  })
  const apiEndpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { router, client, address: { id: peerId, name: 'worker-1', apiEndpoint, apiKey: sharedKey, connection: way } }
}

/** Sends a call with this input, serves it with this output. The input must arrive as it was, and the output must be read as `read`. */
const sent =
  <Input extends object, Output, Read>(call: AnsweredCall<Input, Output, Read>, input: Input, output: Output, read: Read) =>
  async (t: ExecutionContext<unknown>, { router, client, address }: Ground): Promise<void> => {
    const served: Input[] = []
    serveCall(router, call, async (given) => {
      served.push(given)
      return output
    })
    t.deepEqual(await client.call(address, call, input), read, call.route)
    t.deepEqual(served, [input], call.route)
  }

const id = '00000000-0000-4000-8000-0000000000aa'
const app = someApp({ nodeId: peerId, name: 'grüße', description: 'a & b?' })
const operation = someOperation({ nodeId: peerId, appId: app.id })
const begun = { app, operation }
const about = {
  version: '1.2.3',
  capabilities: ['link'],
  connection: 'auto' as const,
  instanceId: id,
  startedAt: new Date('2026-01-26T20:00:00Z'),
  hostname: 'worker',
}
const change = { description: null, composeContent: 'services: {}', pull: true, ifVersion: 3, overwriteFile: false }
const created = { name: 'grüße', description: 'a & b?', composeContent: 'services: {}', overwriteFile: true }
const item = { kind: 'volume', name: 'data', detail: null, sizeBytes: 1, goes: 'with_volumes', obstacle: null } as const
const preview = { items: [item], omitted: 0 }
const validation = {
  ok: false,
  problems: [{ message: 'no', file: null, line: 3, column: 5, service: 'web' }],
  warnings: [],
  findings: [
    { rule: 'bind-mount', detail: '/', service: 'web', path: 'services.web', message: 'no', line: 4, allowed: false, canBeAllowed: true },
  ],
  variables: [{ name: 'PORT', default: '80', required: false, isSet: true }],
  resolved: 'services: {}',
}
const copied = { composeContent: 'services: {}', environment: [{ name: 'KEY', value: 'a secret', secret: true }] }
const copy = { version: 3, contents: { ...copied, files: [{ path: 'app.ini', content: 'a=1', secret: false }], profiles: ['debug'] } }
const allowance = { rule: 'privileged', detail: null, service: 'web', by: 'octocat', at: new Date('2026-01-26T20:00:00Z') }
const imported = { project: 'shop', composeContent: 'services: {}', allow: ['privileged'], confirmFolder: '/srv/grüße' }
const importPreview = {
  ...{
    folder: '/srv/grüße',
    mustConfirm: true,
    file: 'compose.yaml',
    composeContent: 'services: {}',
    problem: null,
    isDrafted: false,
    mergedFrom: ['/srv/a.yaml', '/srv/b.yaml'],
  },
  ...{ variables: ['PORT'], secrets: ['PASSWORD'], validation },
}
const network = { id, name: 'front', driver: 'bridge' }
const onDisk = { file: 'compose.yaml', content: 'services: {}', problem: null }
const settings = { cloudflareApiToken: 'token', cloudflareAccountId: null, primaryUrl: 'https://example.com' }
const stats = someStats({ nodeId: peerId })

const version = {
  ...{ number: 3, createdAt: about.startedAt, author: 'octocat', reason: 'newer', outcome: 'healthy' as const, profiles: ['debug'] },
  images: [{ service: 'web', image: 'web:1', digest: null }],
}
const head = {
  ...{ ...version, composeContent: 'services: {}', environment: [{ name: 'KEY', value: null, secret: true }] },
  files: [{ path: 'conf/app.ini', secret: false }],
}
const file = { path: 'conf/app.ini', content: 'a=1\r\n', secret: false }
const fileOnDisk = { path: 'conf/app.ini', secret: false, content: 'a=2\n', isMissing: false, problem: null }
const answer = {
  ...{ image: 'web:1', platform: 'linux/amd64', digest: 'sha256:1', same: ['sha256:2'], foundAt: null, checkedAt: null },
  ...{ askedAt: about.startedAt, error: 'no' },
}
const login = { registry: 'registry.example.com', username: 'octocat', password: 'a secret' }
const schedule = { action: 'restart' as const, cron: '0 4 * * *', timeZone: 'Europe/Berlin', enabled: true }
const autoUpdate = { cron: '0 4 * * 6', timeZone: 'Europe/Berlin', windowMinutes: 90, minimumAgeHours: 24 }
const project = { name: 'shop', services: ['web'], workingDirectory: '/srv/shop', configFiles: ['/srv/shop/compose.yaml'], containers: [] }

const history = {
  ...{ from: about.startedAt, stepSeconds: 30, moreSeries: 1 },
  series: [{ kind: 'disk' as const, name: '/', metrics: [{ metric: 'used' as const, values: [1, null, 3] }] }],
  marks: [
    {
      ...{ kind: 'deploy' as const, at: about.startedAt, until: null, app: 'grüße', name: null, times: 1 },
      ...{ version: 3, detail: 'healthy' },
    },
  ],
}
const span = { from: about.startedAt, to: new Date(about.startedAt.getTime() + 60_000), points: 10 }
const timelineSpan = { from: span.from, to: span.to }
const timeline = {
  entries: [
    {
      kind: 'container' as const,
      what: 'exited',
      at: about.startedAt,
      until: span.to,
      app: 'grüße',
      name: 'web',
      detail: 'exit code 1',
      times: 3,
    },
    { kind: 'program' as const, what: 'started', at: about.startedAt, until: null, app: null, name: null, detail: null, times: 1 },
  ],
  more: true,
}
const details = {
  ...{ command: 'serve', environment: ['PORT'], labels: [{ name: 'a', value: 'b' }], restartPolicy: 'always', memoryLimitBytes: 1024 },
  mounts: [{ kind: 'volume', source: 'data', target: '/data', isReadOnly: true }],
  networks: [{ name: 'front', address: '10.0.0.2', aliases: ['web'] }],
  health: { failingStreak: 1, lastOutput: 'no', lastExitCode: 1, lastAt: about.startedAt },
}
const processes = { titles: ['PID', 'CMD'], rows: [['1', 'serve']], more: 2 }
const usage = {
  ...{ asOf: about.startedAt, imagesBytes: 1, containersBytes: 2, volumesBytes: 3, buildCacheBytes: 4 },
  volumes: [{ name: 'data', sizeBytes: 3 }],
  containers: [{ id: 'abc', sizeBytes: 2 }],
}
const pruned = {
  ...{
    isPreview: false,
    items: [{ id: 'data', name: 'data', sizeBytes: 3, freesBytes: 3, detail: null, isNamedData: true }],
    more: 0,
    freedBytes: 3,
    unmeasured: 0,
  },
  kept: [{ name: 'other', reason: 'belongs to the app shop' }],
}

const { events } = calls
const samples: Record<string, (t: ExecutionContext<unknown>, ground: Ground) => Promise<void>> = {
  // Actions that need nothing but the app.
  ...Object.fromEntries(
    Object.entries(appActionCalls).flatMap(([name, call]) =>
      call.body || call.query ? [] : [[name, sent(call as typeof calls.stopApp, { id }, begun, begun)]],
    ),
  ),
  listApps: sent(calls.listApps, {}, [app], [app]),
  getApp: sent(calls.getApp, { id }, app, app),
  createApp: sent(calls.createApp, created, begun, begun),
  updateApp: sent(calls.updateApp, { id, ...change }, begun, begun),
  startApp: sent(calls.startApp, { id, rollback: false }, begun, begun),
  restoreVolumes: sent(calls.restoreVolumes, { id, version: 3 }, begun, begun),
  removeApp: sent(calls.removeApp, { id, volumes: true, files: false }, begun, begun),
  restartApp: sent(calls.restartApp, { id, services: ['web'] }, begun, begun),
  rollbackApp: sent(calls.rollbackApp, { id, version: 3 }, begun, begun),
  updateImages: sent(calls.updateImages, { id, services: ['web'] }, begun, begun),
  retryOperation: sent(calls.retryOperation, { id }, begun, begun),
  setAppSchedules: sent(calls.setAppSchedules, { id, schedules: [schedule] }, app, app),
  setAutoUpdate: sent(calls.setAutoUpdate, { id, policy: autoUpdate }, app, app),
  appVersions: sent(
    calls.appVersions,
    { id, most: 5 },
    { versions: [version], older: 2, total: 3 },
    { versions: [version], older: 2, total: 3 },
  ),
  appVersion: sent(calls.appVersion, { id, number: 3 }, head, head),
  changedFiles: sent(calls.changedFiles, { id }, [fileOnDisk], [fileOnDisk]),
  nodeHistory: sent(calls.nodeHistory, { ...span, containers: 'a,b' }, history, history),
  nodeTimeline: sent(calls.nodeTimeline, { ...timelineSpan, first: 100 }, timeline, timeline),
  appTimeline: sent(calls.appTimeline, { id, ...timelineSpan, first: 100 }, timeline, timeline),
  appHistory: sent(calls.appHistory, { id, ...span, services: 'web' }, history, history),
  watchStats: sent(calls.watchStats, { seconds: 25 }, undefined, undefined),
  versionFiles: sent(calls.versionFiles, { id, number: 3 }, [file], [file]),
  composeProjects: sent(calls.composeProjects, {}, [project], [project]),
  appCopy: sent(calls.appCopy, { id }, copy, copy),
  createAgain: sent(calls.createAgain, { ...created, allowances: [allowance] }, begun, begun),
  importApp: sent(calls.importApp, imported, begun, begun),
  importPreview: sent(calls.importPreview, imported, importPreview, importPreview),
  learnImages: sent(calls.learnImages, { answers: [answer] }, undefined, undefined),
  askRegistry: sent(calls.askRegistry, { image: 'web:1', platform: 'linux/amd64', digests: ['sha256:1'] }, answer, answer),
  registryLogins: sent(calls.registryLogins, { registries: 'registry.example.com,docker.io' }, [login], [login]),
  createNetwork: sent(calls.createNetwork, { name: 'front' }, network, network),
  validateApp: sent(calls.validateApp, { ...created, appId: id }, validation, validation),
  removalOf: sent(calls.removalOf, { id }, preview, preview),
  cancelOperation: sent(calls.cancelOperation, { id }, operation, operation),
  containerDetails: sent(calls.containerDetails, { containerId: 'abc' }, details, details),
  containerProcesses: sent(calls.containerProcesses, { containerId: 'abc' }, processes, processes),
  inspectContainer: sent(calls.inspectContainer, { containerId: 'abc' }, { json: '{}' }, { json: '{}' }),
  diskUsage: sent(calls.diskUsage, {}, usage, usage),
  containerAction: sent(calls.containerAction, { containerId: 'abc', action: 'stop' }, someNodeContainer(), someNodeContainer()),
  pullImage: sent(calls.pullImage, { image: 'web:1' }, operation, operation),
  removeImage: sent(calls.removeImage, { id: 'sha256:1' }, 'sha256:1', 'sha256:1'),
  removeVolume: sent(calls.removeVolume, { id: 'data' }, 'data', 'data'),
  removeNetwork: sent(calls.removeNetwork, { id: 'abc' }, 'abc', 'abc'),
  openTerminal: sent(
    calls.openTerminal,
    { container: 'shop-web-1', command: ['sh', '-c', 'a & b'], cols: 80, rows: 24, owner: 'o', isAdministrator: false },
    { id, container: 'shop-web-1' },
    { id, container: 'shop-web-1' },
  ),
  terminalInput: sent(calls.terminalInput, { id, owner: 'o', data: 'YQ==' }, undefined, undefined),
  resizeTerminal: sent(calls.resizeTerminal, { id, owner: 'o', cols: 80, rows: 24 }, undefined, undefined),
  endTerminal: sent(calls.endTerminal, { id, owner: 'o', reason: 'It was closed' }, undefined, undefined),
  prune: sent(calls.prune, { kind: 'volumes', preview: false, items: ['data'] }, pruned, pruned),
  folders: sent(calls.folders, {}, [{ name: 'web', composeFile: null }], [{ name: 'web', composeFile: null }]),
  composeOnDisk: sent(calls.composeOnDisk, { name: 'a b/ü?&#%' }, onDisk, onDisk),
  heartbeat: sent(
    calls.heartbeat,
    { id, about: JSON.parse(JSON.stringify(toWire(about))) as unknown },
    { id, settingsVersion: '7', primaryId: peerId },
    { settingsVersion: '7', primaryId: peerId },
  ),
  takeKey: sent(calls.takeKey, { apiKey: 'k'.repeat(32) }, undefined, undefined),
  movePrimary: sent(calls.movePrimary, { url: 'https://example.com' }, { moved: false, error: 'no' }, { moved: false, error: 'no' }),
  settings: sent(calls.settings, {}, settings, settings),
  settingsChanged: sent(calls.settingsChanged, {}, undefined, undefined),
  stats: sent(calls.stats, {}, stats, { sender: peerId, value: stats, problems: [] }),
}

test('every call has its sample', (t) => {
  t.deepEqual([...Object.keys(samples), 'events', 'appLogs', 'containerLogs', 'terminalOutput'].toSorted(), Object.keys(calls).toSorted())
})

for (const way of ['direct', 'link'] as const) {
  for (const [name, check] of Object.entries(samples)) {
    test(`${way}: ${name} brings its input there and its answer back`, async (t) => check(t, await ground(t, way)))
  }

  test(`${way}: a stream brings what the other node writes, as it is written`, async (t) => {
    const { router, client, address } = await ground(t, way)
    const written = new TransformStream<Uint8Array, Uint8Array>()
    serveStream(router, events, () => new Response(written.readable, { headers: { 'content-type': events.contentType } }))
    const writer = written.writable.getWriter()
    const stop = new AbortController()
    const first = writer.write(Buffer.from('one'))
    const reader = (await client.open(address, events, {}, stop.signal))[Symbol.asyncIterator]()
    t.is(Buffer.from((await reader.next()).value as Uint8Array).toString(), 'one')
    await first
    void writer.write(Buffer.from('two')).catch(() => undefined)
    t.is(Buffer.from((await reader.next()).value as Uint8Array).toString(), 'two')
    stop.abort()
    await t.throwsAsync(reader.next())
  })
}

const echo = duplex({
  route: 'POST /api/internal/echo/{id}',
  on: 'every-node',
  params: idParam,
  refusals: {},
  contentType: 'application/octet-stream',
  description: 'What it is told, in capitals',
})

for (const way of ['direct', 'link'] as const) {
  test(`${way}: in a duplex call, both sides write until the caller ends it`, async (t) => {
    const { router, client, address } = await ground(t, way)
    const ends = Promise.withResolvers<string>()
    serveStream(router, echo, (input, c) => {
      const capitals = new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) => controller.enqueue(Buffer.from(`${input.id} ${Buffer.from(chunk).toString().toUpperCase()}`)),
        flush: () => ends.resolve('the caller has written all'),
      })
      return new Response(c.req.raw.body?.pipeThrough(capitals) ?? null)
    })
    const writes = new PassThrough()
    writes.write('one')
    const heard = await client.talk(address, echo, { id: 'a' }, { writes, signal: new AbortController().signal })
    const reader = heard[Symbol.asyncIterator]()
    const next = async () => Buffer.from((await reader.next()).value as Uint8Array).toString()
    t.is(await next(), 'a ONE')
    writes.write('two')
    t.is(await next(), 'a TWO')
    writes.end()
    t.is(await ends.promise, 'the caller has written all')
    t.true((await reader.next()).done)
  })

  test(`${way}: a duplex call that its caller leaves ends at the other side too`, async (t) => {
    const { router, client, address } = await ground(t, way)
    const ends = Promise.withResolvers<string>()
    serveStream(router, echo, (_input, c) => {
      c.req.raw.signal.addEventListener('abort', () => ends.resolve('the caller has left'))
      return new Response(c.req.raw.body)
    })
    const writes = new PassThrough()
    const leaving = new AbortController()
    writes.write('one')
    const heard = await client.talk(address, echo, { id: 'a' }, { writes, signal: leaving.signal })
    const reader = heard[Symbol.asyncIterator]()
    t.is(Buffer.from((await reader.next()).value as Uint8Array).toString(), 'one')
    leaving.abort()
    await t.throwsAsync(reader.next())
    t.is(await ends.promise, 'the caller has left')
  })
}

test('an answer that is none, and one of another node, is no answer of this node', async (t) => {
  const { router, client, address } = await ground(t, 'direct')
  serveCall(router, calls.stopApp, async () => ({ app, operation: { ...operation, nodeId: id } }))
  router.post('/api/internal/apps/:id/start', (c) => c.json({ app: 'web' }, 202))
  const unread = await t.throwsAsync(client.call(address, calls.startApp, { id, rollback: undefined }))
  t.is(unread?.message, 'worker-1: sent an answer that cannot be read. Does it run another version of Selfhostly?')
  const foreign = await t.throwsAsync(client.call(address, calls.stopApp, { id }))
  t.is(foreign?.message, 'worker-1: answered as another node')
})
