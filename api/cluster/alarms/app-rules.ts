import type { AppStatus } from '../../apps/app.ts'
import { failureWords, isFinal, type Operation, type OperationKind } from '../../apps/operation.ts'
import type { InventoryApp } from '../feed/inventory.ts'
import { unsure, well, type Verdict } from './alarm.ts'

/** How long an app may be unwell. Health checks have waited before they fail, so this only spans what repairs itself. */
export const graceMs = 2 * 60_000
/** An app that was unwell counts as well again after this time without a break, so one that comes and goes is one alarm. */
export const steadyMs = 60_000
/** A deploy that failed and went back is old news after this time, if the app is well. */
export const failedDeployMs = 24 * 3600_000
/** An app that is unwell this soon after a failed deploy is so because of it. One alarm is enough. */
const becauseMs = 60_000

const bad: ReadonlySet<AppStatus> = new Set(['degraded', 'error'])
const calm: ReadonlySet<AppStatus> = new Set(['running', 'stopped'])

export const isUnwell = ({ status }: Pick<InventoryApp, 'status'>): boolean => bad.has(status)
/** Whether its status says something of the app itself. An operation that runs, or a node that is away, does not. */
export const isSettled = ({ status }: Pick<InventoryApp, 'status'>): boolean => bad.has(status) || calm.has(status)

type App = Pick<InventoryApp, 'name' | 'version' | 'status' | 'statusReason' | 'containers' | 'deployFailedAt'>

/** From when on an app has been unwell, with breaks that are too short to count, and since when it has such a break. */
export interface Spell {
  since: Date
  wellSince: Date | null
}

/** Its spell as the app is now; null while there is none. Operations, and a node that is away, end it: afterwards the grace begins anew. */
export function spellOf(app: App, former: Spell | null, now: Date): Spell | null {
  if (isUnwell(app)) return { since: former?.since ?? now, wellSince: null }
  if (former === null || app.status !== 'running') return null
  const wellSince = former.wellSince ?? now
  return now.getTime() - wellSince.getTime() < steadyMs ? { ...former, wellSince } : null
}

/**
 * Not healthy for longer than the grace.
 *
 * @param known what is an alarm already and keeps it from being well: when its deploy failed, services that restart in a loop
 */
export function unhealthy(app: App, spell: Spell | null, known: { failedAt: Date | null; loops: ReadonlySet<string> }, now: Date): Verdict {
  if (!isSettled(app)) return unsure
  if (spell === null) return well
  if (spell.wellSince !== null) return unsure
  const { since } = spell
  if (now.getTime() - since.getTime() < graceMs) return unsure
  const { failedAt, loops } = known
  // Nobody used the first version yet. Whoever uses an app that a later one broke notices, which is more urgent than the deploy.
  const isNew = app.version === 1 && failedAt !== null && isBecause(since, failedAt)
  if (isNew || isOnlyLoop(app, loops)) return unsure
  const state = app.status === 'error' ? 'does not run' : 'is not healthy'
  return { is: 'bad', since, message: `${app.name} ${state}: ${app.statusReason ?? 'no reason is known'}` }
}

/** Whether nothing but services that restart in a loop is wrong. Of a service that ended for good, the status says it. */
const isOnlyLoop = ({ containers }: App, loops: ReadonlySet<string>): boolean =>
  loops.size > 0 &&
  containers.every(
    ({ service, state, health }) => loops.has(service) || ((state === 'running' || state === 'exited') && health !== 'unhealthy'),
  )

/** What brings an app into the state that someone asked for. Only these can be a failed deploy, or end its alarm. */
const deploys: ReadonlySet<OperationKind> = new Set([
  'create',
  'update',
  'start',
  'restart',
  'rollback',
  'restore_volumes',
  'update_images',
  'import',
  'recreate',
])
/** Someone stopped the app, so they know. */
const ends = (kind: OperationKind): boolean => deploys.has(kind) || kind === 'stop'

/** The deploy that failed and was not made good since; null if there is none. @param operations of the app, newest first */
export function failedDeploy(operations: readonly Operation[]): Operation | null {
  const last = operations.find(({ kind, status }) => isFinal(status) && status !== 'cancelled' && ends(kind))
  return last?.status === 'failed' && deploys.has(last.kind) ? last : null
}

/** When the newest deploy failed, by its operation or by what was judged after its end; null if it did not. */
export const failedAtOf = (app: App, failed: Operation | null): Date | null => (failed ? endOf(failed) : app.deployFailedAt)

/** A deploy failed. @param failed the operation of the newest, if it failed */
export function deployFailed(app: App, failed: Operation | null, spell: Spell | null, now: Date): Verdict {
  if (!isSettled(app)) return unsure
  if (failed === null) return failedLater(app, spell)
  const isOld = now.getTime() - endOf(failed).getTime() > failedDeployMs
  // What goes wrong later has other causes, but an alarm stays until the app is well.
  if (isOld) return isUnwell(app) ? unsure : well
  return { is: 'bad', since: endOf(failed), message: `${app.name}: ${uncapitalized(failureWords(failed.kind, failed))}` }
}

/** The same, judged after its operation had ended. Nothing went back, so it is over as soon as the app is well. */
function failedLater(app: App, spell: Spell | null): Verdict {
  if (spell === null) return well
  const { deployFailedAt: since } = app
  if (!since || spell.wellSince !== null || !isBecause(spell.since, since)) return unsure
  return { is: 'bad', since, message: `${app.name}: version ${app.version} failed: ${app.statusReason ?? 'no reason is known'}` }
}

const isBecause = (since: Date, failedAt: Date): boolean => since.getTime() - failedAt.getTime() < becauseMs

const endOf = ({ finishedAt, createdAt }: Operation): Date => finishedAt ?? createdAt
const uncapitalized = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)
