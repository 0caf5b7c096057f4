import type { App, AppStatus } from '../../apps/app.ts'
import type { OwnApps } from '../../apps/own-apps.ts'
import type { ContainerEvent } from '../../docker/engine.types.ts'
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

/** Null for an event that is no news. @param app the app of this node that the container belongs to */
export function containerHappening({ action, exitCode, name, service }: ContainerEvent, app: string | null): Happening | null {
  const what = Object.hasOwn(words, action) ? words[action] : undefined
  if (what === undefined) return null
  return {
    kind: 'container',
    what,
    app,
    name: app === null ? name : (service ?? name),
    detail: exitCode === null ? null : exitWords(exitCode),
  }
}

/** Source: https://docs.docker.com/engine/containers/run/#exit-status, and 128 plus the number of a signal. */
export function exitWords(code: number): string {
  const meaning: Record<number, string> = {
    0: 'done',
    125: 'Docker could not run it',
    126: 'its command cannot be executed',
    127: 'its command was not found',
    130: 'interrupted',
    134: 'aborted',
    137: 'killed: out of memory, or by hand',
    139: 'crashed with a memory fault',
    143: 'stopped on request',
  }
  const said = meaning[code]
  return said === undefined ? `exit code ${code}` : `exit code ${code}: ${said}`
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
  const statuses = new Map<string, AppStatus>()
  const ended = new Set<string>()
  let away: string | null | undefined
  let cannotSave = false

  function statusOf({ id, name, status, statusReason }: App): void {
    const before = statuses.get(id)
    statuses.set(id, status)
    // The first report after a start is no change.
    if (before === undefined || before === status) return
    timeline.happened({ kind: 'status', what: status, app: name, detail: statusReason })
  }

  apps.events.on('app', statusOf)
  apps.events.on('appRemoved', (id) => void statuses.delete(id))
  apps.events.on('containerEvent', ({ event, app }) => {
    const happening = containerHappening(event, app)
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
