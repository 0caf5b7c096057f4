import type { Operation } from '../apps/operation.ts'
import { columnsOf, type Action, type Named, type TargetKind } from '../auth/action.ts'
import type { AuditedAction, AuditLog } from '../auth/audit-log.ts'
import type { AuditedOperations } from '../auth/audited-operations.ts'
import { callerKey, may, refusalWords, type Caller } from '../auth/caller.ts'
import type { Limits } from '../auth/rate-limits.ts'
import type { Permission } from '../auth/permissions.ts'
import { AppError, errorMessage } from '../errors.ts'
import { snapshotThenChanges, type EventHub } from '../events.ts'
import type { Log } from '../log.ts'
import type { ViewEvents } from '../view-events.ts'
import type { Sight } from './sight.ts'

interface Target extends Named {
  /** What the audit log adds to the target's name. */
  words?: string | undefined
  /** The subject of the line about a refusal: what the caller named, which need not be there. */
  refusedAs?: string | undefined
  /** Another permission that the action needs with this input. */
  also?: Permission | undefined
}

interface View<Name extends keyof ViewEvents, T> {
  /** The current state. Empty if left out. */
  now?: () => Iterable<T>
  /** The part of a change that the caller can see. Undefined hides the change. */
  seen: (change: ViewEvents[Name]) => T | undefined
  keyOf: (value: T) => string
  isLast?: (value: T) => boolean
  /** Called when someone begins to read; the function that it returns, when they stop. */
  while?: () => () => void
}

export type Access = ReturnType<typeof createAccess>

/** The rules for everything one caller sees and does. Everything in `user/` goes through them. */
export function createAccess(deps: {
  caller: Caller
  sight: Sight
  audit: AuditLog
  auditedOperations: AuditedOperations
  limits: Limits
  events: EventHub<ViewEvents>
  log: Log
}) {
  const { caller, sight, audit, auditedOperations, limits, events, log } = deps

  /** @throws FORBIDDEN */
  function need(permission: Permission): void {
    if (!may(caller, permission)) throw new AppError('FORBIDDEN', refusalWords(caller, permission))
  }

  /** What the audit log says about a target that the caller sees. @throws NOT_FOUND */
  const looked: Record<TargetKind, (id: string) => Partial<AuditedAction>> = {
    node: (id) => ({ subject: sight.node(id).name }),
    'new node': () => ({}),
    app(id) {
      const { nodeId, name } = sight.app(id)
      return { nodeId, subject: name }
    },
    operation(id) {
      const { nodeId, appId, appName } = sight.operation(id)
      return { nodeId, appId, subject: `${appName ?? ''} ${id}` }
    },
  }

  /** Checks the permission, finds the target and counts the action. @returns its line for the audit log @throws FORBIDDEN, NOT_FOUND, RATE_LIMITED */
  async function admit(action: Action, { words = '', also, refusedAs, ...named }: Target): Promise<AuditedAction> {
    try {
      need(action.permission)
      if (also) need(also)
    } catch (error) {
      // Without the node's name, which is looked up only for those who may see it.
      await audit.noteRefusal(caller, columnsOf(action, { subject: refusedAs, ...named }), 'denied', errorMessage(error))
      throw error
    }
    // Looked up only now, so that callers without the permission cannot probe for what exists.
    const { subject: name, ...found } = action.on && named.id ? looked[action.on](named.id) : {}
    await limits.take(action.permission === 'account.manage' ? 'account' : 'action', callerKey(caller))
    const subject = named.subject ?? name
    return { ...columnsOf(action, { ...named, subject: isSaid(subject) ? subject + words : null }), ...found }
  }

  return {
    caller,
    sight,
    need,

    /**
     * Does something in the caller's name, between two lines of the audit log.
     *
     * @throws FORBIDDEN, which is written to the audit log; NOT_FOUND; whatever `run` throws; an error if the audit log cannot be written
     */
    async act<T>(action: Action, target: Target, run: () => Promise<T>): Promise<T> {
      return audit.around(caller, await admit(action, target), run)
    },

    /** Like `act`, for what starts an operation. The audit log's line ends when the operation does. */
    async start<T extends { operation: Operation }>(
      action: Action,
      target: Target,
      run: () => Promise<T>,
      about?: (result: T) => Partial<AuditedAction>,
    ): Promise<T> {
      return auditedOperations.around(caller, await admit(action, target), run, about)
    },

    /** Whether the caller may do this, for what is written down only if it is refused. @throws FORBIDDEN, NOT_FOUND, RATE_LIMITED */
    async check(action: Action, target: Target): Promise<void> {
      await admit(action, target)
    },

    /** Like `act`, for what goes on until `over` resolves with why it ended. */
    async through<T>(
      action: Action,
      target: Target,
      run: () => Promise<T>,
      { over, about }: { over: (result: T) => Promise<string>; about: (result: T) => Partial<AuditedAction> },
    ): Promise<T> {
      const { result, written } = await audit.through(caller, await admit(action, target), run, over, about)
      written.catch((error: unknown) => log.error({ err: error }, 'could not write the end of an action to the audit log'))
      return result
    },

    /** Refuses an action for another reason than its permission. */
    async deny(action: Action, named: Named, why: string): Promise<never> {
      await audit.noteRefusal(caller, columnsOf(action, named))
      throw new AppError('FORBIDDEN', why)
    },

    /** Writes a refusal to the audit log that was decided before this API was asked. */
    noteRefusal(action: Action, named: Named, why: string): void {
      audit
        .noteRefusal(caller, columnsOf(action, named), 'denied', why)
        .catch((error: unknown) => log.error({ err: error }, 'could not write a refusal to the audit log'))
    },

    /** A live stream: the current state, then each change, limited to what the caller can see. */
    watch<Name extends keyof ViewEvents & string, T>(event: Name, { now = () => [], seen, keyOf, isLast, while: begin }: View<Name, T>) {
      return snapshotThenChanges<T>({
        snapshot: now,
        subscribe(push) {
          const leave = begin?.()
          const unsubscribe = events.on(event, (change) => {
            const value = seen(change)
            if (value !== undefined) push(value)
          })
          return () => {
            unsubscribe()
            leave?.()
          }
        },
        keyOf,
        ...(isLast && { isLast }),
      })
    },
  }
}

const isSaid = (value: string | null | undefined): value is string => value !== null && value !== undefined
