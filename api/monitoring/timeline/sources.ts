import type { App, AppStatus } from '../../apps/app.ts'
import type { OwnApps } from '../../apps/own-apps.ts'
import type { ContainerEvent } from '../../docker/engine.types.ts'
import { exitWords, type Ending } from '../../exit-words.ts'
import type { NodeStats } from '../node-stats.ts'
import { operationEntry } from './timeline-entry.ts'
import type { Happening, OwnTimeline } from './timeline.ts'

/** What an event of the Engine is called here. Others say nothing that these do not say. */
const words: Record<string, string> = {
  create: 'created',
  start: 'started',
  restart: 'restarted',
  pause: 'paused',
  unpause: 'unpaused',
  die: 'exited',
  oom: 'out-of-memory',
  destroy: 'removed',
  'health_status: healthy': 'healthy',
  'health_status: unhealthy': 'unhealthy',
}

/** What came before a container's end, which tells why it ended. */
type Signs = Pick<Ending, 'outOfMemory' | 'wasStopped' | 'wasKilled'>
const noSigns: Signs = { outOfMemory: false, wasStopped: false, wasKilled: false }

/** Programs go on after these, which usually make them read their settings again. */
const goesOn = new Set(['1', 'SIGHUP', '10', 'SIGUSR1', '12', 'SIGUSR2'])
const kills = new Set(['9', 'SIGKILL'])
/** Done, and ended by SIGTERM. */
const calmCodes = new Set([0, 143])

/** Makes entries of the Engine's events, and remembers of each container what may have ended it. */
export function createContainerHappenings() {
  const signs = new Map<string, Signs>()

  function note({ containerId, action, signal }: ContainerEvent): Signs {
    const before = signs.get(containerId) ?? noSigns
    const now = {
      outOfMemory: before.outOfMemory || action === 'oom',
      wasStopped: before.wasStopped || (signal !== null && !kills.has(signal) && !goesOn.has(signal)),
      wasKilled: before.wasKilled || (signal !== null && kills.has(signal)),
    }
    if (action === 'start' || action === 'die' || action === 'destroy') signs.delete(containerId)
    else if (action === 'oom' || action === 'kill') signs.set(containerId, now)
    return now
  }

  /** Null for an event that is no news. @param app the app of this node that the container belongs to */
  return function happeningOf(event: ContainerEvent, app: string | null): Happening | null {
    const { action, exitCode, name, service } = event
    const seen = note(event)
    const known = Object.hasOwn(words, action) ? words[action] : undefined
    if (known === undefined) return null
    const of = { kind: 'container', app, name: app === null ? name : (service ?? name) } as const
    if (exitCode === null) return { ...of, what: known, detail: null }
    const isCalm = calmCodes.has(exitCode) || seen.wasStopped
    return { ...of, what: isCalm ? known : 'failed', detail: exitWords({ ...seen, exitCode, by: null, memoryLimitBytes: undefined }) }
  }
}

/** An operation that ended is told more than once. */
const mostRemembered = 500

/** Writes down what happens on this node, from its own events. */
export function followSources(deps: {
  timeline: Pick<OwnTimeline, 'happened'>
  apps: Pick<OwnApps, 'events' | 'dockerAway'>
  storageProblem: () => NodeStats['storageProblem']
  onStorage: (listener: () => void) => void
}): void {
  const { timeline, apps } = deps
  const happeningOf = createContainerHappenings()
  const statuses = new Map<string, AppStatus>()
  const ended = new Set<string>()
  let away: string | null | undefined
  let cannotSave = false

  function statusOf({ id, name, status, statusReason }: App): void {
    const before = statuses.get(id)
    // Docker has not been asked yet since the start.
    if (before === undefined && status === 'unknown') return
    statuses.set(id, status)
    // The first report after a start is no change.
    if (before === undefined || before === status) return
    timeline.happened({ kind: 'status', what: status, app: name, detail: statusReason })
  }

  apps.events.on('app', statusOf)
  apps.events.on('appRemoved', (id) => void statuses.delete(id))
  apps.events.on('containerEvent', ({ event, app }) => {
    const happening = happeningOf(event, app)
    if (happening) timeline.happened(happening)
  })
  apps.events.on('operation', (operation) => {
    const happening = operationEntry(operation)
    if (!happening || ended.has(operation.id)) return
    ended.add(operation.id)
    for (const oldest of ended) if (ended.size > mostRemembered) ended.delete(oldest)
    timeline.happened(happening)
  })
  apps.events.on('containers', () => {
    const now = apps.dockerAway()
    const wasAway = away
    away = now
    if (wasAway === undefined || (wasAway === null) === (now === null)) return
    timeline.happened({ kind: 'docker', what: now === null ? 'answers' : 'away', detail: now })
  })
  deps.onStorage(() => {
    const problem = deps.storageProblem()
    if ((problem !== null) === cannotSave) return
    cannotSave = problem !== null
    timeline.happened({ kind: 'storage', what: cannotSave ? 'cannot-save' : 'saves-again', detail: problem?.reason ?? null })
  })
}
