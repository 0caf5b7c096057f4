import test, { type ExecutionContext } from 'ava'
import type { App } from '../../../api/apps/app.ts'
import type { OwnAppsEvents } from '../../../api/apps/own-apps.ts'
import { createEventHub } from '../../../api/events.ts'
import type { Mark } from '../../../api/monitoring/history/mark.ts'
import type { NodeStats } from '../../../api/monitoring/node-stats.ts'
import { createContainerHappenings, followSources } from '../../../api/monitoring/timeline/sources.ts'
import { createTimeline } from '../../../api/monitoring/timeline/timeline.ts'
import { testDatabase } from '../../helpers/database.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'
import { someApp, someOperation } from '../../helpers/things.ts'

const minute = 60_000
const hour = 60 * minute

async function timelineOf(t: ExecutionContext, marks: Mark[] = []) {
  const database = await testDatabase(t)
  const clock = createManualClock()
  const deploys = async () => marks
  const timeline = createTimeline({ em: database.em, deploys, clock })
  const read = async (app: string | null = null, first = 100) => {
    const to = new Date(clock.now().getTime() + 1)
    return timeline.read({ app, from: new Date(to.getTime() - 40 * 24 * hour), to, first })
  }
  return { database, clock, timeline, read, again: () => createTimeline({ em: database.em, deploys, clock }) }
}

test('what happened is read newest first, for one app or all, and survives a restart', async (t) => {
  const { clock, timeline, read, again } = await timelineOf(t)
  timeline.happened({ kind: 'container', what: 'started', app: 'shop', name: 'web' })
  clock.advance(minute)
  timeline.happened({ kind: 'docker', what: 'away', detail: 'it does not answer' })
  clock.advance(minute)
  timeline.happened({ kind: 'status', what: 'error', app: 'blog', detail: 'service web exited (1)' })
  const all = await read()
  t.deepEqual(
    all.entries.map(({ kind, app }) => [kind, app]),
    [
      ['status', 'blog'],
      ['docker', null],
      ['container', 'shop'],
    ],
  )
  t.false(all.more)
  t.deepEqual((await read('shop')).entries.length, 1)
  t.true((await read(null, 2)).more)
  const to = new Date(clock.now().getTime() + 1)
  const later = await again().read({ app: null, from: new Date(0), to, first: 10 })
  t.deepEqual(later.entries, all.entries)
})

test('a crash loop is a few lines that say how often', async (t) => {
  const { clock, timeline, read } = await timelineOf(t)
  for (let i = 0; i < 200; i++) {
    timeline.happened({ kind: 'container', what: 'exited', app: 'shop', name: 'web', detail: 'exit code 1' })
    clock.advance(minute)
    if (i % 50 === 0) await timeline.flush()
  }
  const { entries } = await read('shop')
  t.deepEqual(
    entries.map(({ times }) => times),
    [198, 1, 1],
  )
  t.is(entries[0]?.until?.getTime(), clock.now().getTime() - minute)
  clock.advance(hour)
  timeline.happened({ kind: 'container', what: 'exited', app: 'shop', name: 'web', detail: 'exit code 1' })
  t.is((await read('shop')).entries.length, 4, 'after a calm time it is another')
})

test('deploys are among what happened, and old entries go', async (t) => {
  const at = new Date('2026-01-26T20:00:00Z')
  const mark: Mark = { kind: 'deploy', at, until: null, app: 'shop', name: null, times: 1, version: 3, detail: 'rolled_back' }
  const { clock, timeline, read } = await timelineOf(t, [mark])
  timeline.happened({ kind: 'program', what: 'started' })
  clock.advance(31 * 24 * hour)
  t.like(
    (await read()).entries.find(({ kind }) => kind === 'deploy'),
    { what: 'rolled_back', detail: 'version 3', app: 'shop' },
  )
  await timeline.prune()
  t.deepEqual(
    (await read()).entries.map(({ kind }) => kind),
    ['deploy'],
  )
})

test('events of the Engine, operations, statuses, Docker and storage are written down once each', (t) => {
  const events = createEventHub<OwnAppsEvents>()
  const told: string[] = []
  let away: string | null = null
  let problem: NodeStats['storageProblem'] = null
  let storageChanged = (): void => undefined
  followSources({
    timeline: {
      happened: ({ kind, what, app, name, detail }) => void told.push([kind, what, app, name, detail].filter(Boolean).join(' | ')),
    },
    apps: { events, dockerAway: () => away },
    storageProblem: () => problem,
    onStorage: (listener) => void (storageChanged = listener),
  })
  const event = (action: string, exitCode: number | null = null, app: string | null = 'shop') =>
    events.emit('containerEvent', {
      event: { containerId: 'c', action, exitCode, signal: null, name: 'shop-web-1', service: 'web', project: 'shop', workingDir: null },
      app,
    })
  event('die', 137)
  event('rename')
  event('oom', null, null)
  event('health_status: unhealthy')
  const app: App = someApp({ nodeId: 'n', name: 'shop' })
  for (const status of ['unknown', 'running', 'running', 'degraded'] as const) events.emit('app', { ...app, status, statusReason: 'why' })
  const operation = someOperation({ nodeId: 'n', appName: 'shop', kind: 'update', status: 'failed', error: 'no image\n\nlines' })
  events.emit('operation', { ...operation, status: 'running', finishedAt: null })
  events.emit('operation', operation)
  events.emit('operation', operation)
  events.emit('containers', undefined)
  for (const now of ['gone', 'gone', null]) {
    away = now
    events.emit('containers', undefined)
  }
  problem = { reason: 'the disk is full', since: new Date() }
  storageChanged()
  storageChanged()
  t.deepEqual(told, [
    'container | failed | shop | web | Killed, but not by Docker: by someone on this machine, or by the kernel because the machine ran out of memory (137, SIGKILL)',
    'container | out-of-memory | shop-web-1',
    'container | unhealthy | shop | web',
    'status | degraded | shop | why',
    'operation | failed | shop | update: no image',
    'docker | away | gone',
    'docker | answers',
    'storage | cannot-save | the disk is full',
  ])
})

test('an end is told with its reason, which earlier events give', (t) => {
  const happeningOf = createContainerHappenings()
  const hear = (action: string, more: { exitCode?: number; signal?: string } = {}) =>
    happeningOf(
      { containerId: 'c', action, exitCode: null, signal: null, name: 'web', service: null, project: null, workingDir: null, ...more },
      null,
    )
  const endsWith = (exitCode: number, ...before: Parameters<typeof hear>[]) => {
    hear('start')
    before.forEach((each) => hear(...each))
    return hear('die', { exitCode })?.detail ?? ''
  }
  t.regex(endsWith(137, ['kill', { signal: '15' }], ['kill', { signal: '9' }]), /^Stopped\. It did not end within its grace period/)
  t.regex(endsWith(137, ['kill', { signal: 'SIGKILL' }]), /^Killed by hand/)
  t.regex(endsWith(137, ['oom']), /^Killed because it ran out of memory \(/)
  t.regex(endsWith(137), /^Killed, but not by Docker/, 'what came before an earlier end counts no more')
  t.regex(endsWith(0, ['kill', { signal: '15' }]), /^Stopped, and ended without/)
  t.regex(endsWith(0, ['kill', { signal: 'SIGHUP' }]), /^Ended by itself/)
  t.regex(endsWith(127), /does not exist in the image/)
  hear('kill', { signal: '15' })
  t.is(hear('die', { exitCode: 137 })?.what, 'exited', 'somebody wanted it')
  t.is(hear('die', { exitCode: 137 })?.what, 'failed')
  t.is(hear('die', { exitCode: 143 })?.what, 'exited')
})
