import type { AppStatus } from '../../apps/app.ts'
import { failureWords, isFinal, type Operation, type OperationKind } from '../../apps/operation.ts'
import type { InventoryApp } from '../feed/inventory.ts'
import { unsure, well, type Verdict } from './alarm.ts'

/** How long an app may be unwell. Health checks have waited before they fail, so this only spans what repairs itself. */
export const graceMs = 2 * 60_000
/** A deploy that failed and went back is old news after this time, if the app is well. */
export const failedDeployMs = 24 * 3600_000
/** An app that is unwell this soon after a failed deploy is so because of it. One alarm is enough. */
const becauseMs = 60_000

const bad: ReadonlySet<AppStatus> = new Set(['degraded', 'error'])
const calm: ReadonlySet<AppStatus> = new Set(['running', 'stopped'])

export const isUnwell = ({ status }: Pick<InventoryApp, 'status'>): boolean => bad.has(status)
/** Whether its status says something of the app itself. An operation that runs, or a node that is away, does not. */
export const isSettled = ({ status }: Pick<InventoryApp, 'status'>): boolean => bad.has(status) || calm.has(status)

type App = Pick<InventoryApp, 'name' | 'status' | 'statusReason'>

/**
 * Not healthy for longer than the grace.
 *
 * @param since from when on it has been unwell without a break; null while it is well
 * @param failedDeploy the deploy whose alarm is open
 */
export function unhealthy(app: App, since: Date | null, failedDeploy: Operation | null, now: Date): Verdict {
  if (!isSettled(app)) return unsure
  if (since === null || !isUnwell(app)) return well
  if (now.getTime() - since.getTime() < graceMs) return unsure
  if (failedDeploy && since.getTime() - endOf(failedDeploy).getTime() < becauseMs) return unsure
  const state = app.status === 'error' ? 'does not run' : 'is not healthy'
  return { is: 'bad', since, message: `${app.name} ${state}: ${app.statusReason ?? 'no reason is known'}` }
}

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

/** A deploy failed. @param failed the newest, if it failed */
export function deployFailed(app: App, failed: Operation | null, now: Date): Verdict {
  if (failed === null) return well
  if (!isSettled(app)) return unsure
  const isOld = now.getTime() - endOf(failed).getTime() > failedDeployMs
  if (isOld && !isUnwell(app)) return well
  return { is: 'bad', since: endOf(failed), message: `${app.name}: ${uncapitalized(failureWords(failed.kind, failed))}` }
}

const endOf = ({ finishedAt, createdAt }: Operation): Date => finishedAt ?? createdAt
const uncapitalized = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)
