import type { Operation } from '../../apps/operation.ts'
import type { Clock } from '../../clock.ts'
import type { InventoryApp } from '../feed/inventory.ts'
import { unsure, well, type AlarmKind, type AlarmTopic, type Verdict } from './alarm.ts'
import { deployFailed, failedAtOf, failedDeploy, isSettled, spellOf, unhealthy, type Spell } from './app-rules.ts'
import type { OpenAlarms } from './open-alarms.ts'
import { createRestartCounts } from './restart-loop.ts'

interface Watched {
  unwell: Spell | null
  restarts: ReturnType<typeof createRestartCounts>
}

export type AppWatch = ReturnType<typeof createAppWatch>

/** Applies the rules for apps to every app whose node can be believed now. */
export function createAppWatch(deps: {
  findApp: (id: string) => InventoryApp | undefined
  /** Newest first. */
  operationsOf: (appId: string) => Operation[]
  nameOf: (nodeId: string) => string | null
  /** Whether what is known of the node's apps is true now, and wanted: it is online, has told all since, and is not in maintenance. */
  isHeard: (nodeId: string) => boolean
  alarms: OpenAlarms
  clock: Clock
}) {
  const { clock, alarms } = deps
  const watched = new Map<string, Watched>()
  /** Apps of which time alone can change what a rule says. */
  const waiting = new Set<string>()

  function watchedOf(id: string): Watched {
    const known = watched.get(id) ?? { unwell: null, restarts: createRestartCounts(clock.now()) }
    watched.set(id, known)
    return known
  }

  function judge(app: InventoryApp, { unwell, restarts }: Watched): void {
    const now = clock.now()
    const topicOf = (kind: AlarmKind): AlarmTopic => ({ kind, nodeId: app.nodeId, appId: app.id, part: '' })
    const named = { nodeName: deps.nameOf(app.nodeId), appName: app.name }
    const failed = failedDeploy(deps.operationsOf(app.id))
    const deploy = deployFailed(app, failed, unwell, now)
    // Somebody stopped it, so nothing of it is a problem any more, and nothing is well again either.
    const isStopped = app.status === 'stopped'
    const over = (words: string): string => `${app.name} ${isStopped ? 'was stopped' : words}`
    const restarting = isStopped ? well : isSettled(app) ? restarts.verdict(app.name, now) : unsure
    // Its node forgets when it is started again, and its alarm stays until the app is well.
    const isStillFailed = deploy.is === 'unsure' && alarms.isOpen(topicOf('deploy-failed'))
    const failedAt = deploy.is === 'bad' ? failedAtOf(app, failed) : isStillFailed ? (unwell?.since ?? null) : null
    const knownCauses = { failedAt, loops: restarts.loops(now) }
    const verdicts: [AlarmKind, Verdict, string][] = [
      ['deploy-failed', deploy, over('is well again')],
      ['app-unhealthy', unhealthy(app, unwell, knownCauses, now), over('is well again')],
      ['app-restarting', restarting, over('restarts no more')],
    ]
    for (const [kind, verdict, why] of verdicts) alarms.settle(topicOf(kind), verdict, named, why)
    if (verdicts.every(([, { is }]) => is === 'well')) waiting.delete(app.id)
    else waiting.add(app.id)
  }

  /** The app, or one of its operations, has changed. */
  function look(app: InventoryApp): void {
    if (!deps.isHeard(app.nodeId)) return
    // One that is seen for the first time, and whose deploy failed, may well have been unwell since then.
    const failedAt = watched.has(app.id) ? null : failedAtOf(app, failedDeploy(deps.operationsOf(app.id)))
    const known = watchedOf(app.id)
    known.unwell = spellOf(app, known.unwell, failedAt ?? clock.now())
    known.restarts.look(app.containers, clock.now())
    judge(app, known)
  }

  function lookAt(id: string): void {
    const app = deps.findApp(id)
    if (app) look(app)
  }

  return {
    look,
    lookAt,
    tick: (): void => [...waiting].forEach(lookAt),
    forget(id: string): void {
      watched.delete(id)
      waiting.delete(id)
      alarms.endWhere(({ appId }) => appId === id, 'The app was removed')
    },
  }
}
