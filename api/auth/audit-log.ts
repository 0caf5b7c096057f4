import type { EntityManager } from '../db/orm.ts'
import type { Clock } from '../clock.ts'
import { AppError, errorMessage } from '../errors.ts'
import { AuditEntity, type AuditOutcome, type AuditRow } from './audit.entity.ts'

/** Who did it and from where. */
export interface Actor {
  name: string
  via: string
  address: string
}

/** What was done, and to what. */
export interface AuditedAction {
  /** Such as `app.create`, `node.remove`, `sign-in`. */
  action: string
  nodeId?: string | null
  appId?: string | null
  subject?: string | null
}

export interface AuditFilter {
  actor?: string | null | undefined
  action?: string | null | undefined
  nodeId?: string | null | undefined
  appId?: string | null | undefined
  outcome?: AuditOutcome | null | undefined
  since?: Date | null | undefined
  until?: Date | null | undefined
}

export type AuditEntry = AuditRow
export type AuditLog = ReturnType<typeof createAuditLog>

/**
 * Who did what, when, from where and with what outcome. An action writes a line before it begins and one when it has ended;
 * what cannot be written is not done.
 */
export function createAuditLog({ em, clock }: { em: EntityManager; clock: Clock }) {
  async function write(
    actor: Actor,
    action: AuditedAction,
    outcome: AuditOutcome,
    more: { detail?: string; startedId?: number } = {},
  ): Promise<number> {
    const { name, via, address } = actor
    const detail = more.detail?.slice(0, 2000) ?? null
    return em.fork().insert(AuditEntity, {
      at: clock.now(),
      ...{ actor: name, via, address, outcome, detail },
      action: action.action,
      nodeId: action.nodeId ?? null,
      appId: action.appId ?? null,
      subject: action.subject?.slice(0, 500) ?? null,
      startedId: more.startedId ?? null,
    })
  }

  return {
    /** Something that is over as it is written, such as a sign-in or a refusal. */
    async note(actor: Actor, action: AuditedAction, outcome: AuditOutcome, detail?: string): Promise<void> {
      await write(actor, action, outcome, detail === undefined ? {} : { detail })
    },

    /** Does something between its two lines. @throws what `run` throws, or that the log cannot be written */
    async around<T>(actor: Actor, action: AuditedAction, run: () => Promise<T>, about?: (result: T) => Partial<AuditedAction>): Promise<T> {
      const startedId = await write(actor, action, 'started')
      let result: T
      try {
        result = await run()
      } catch (error) {
        const detail = error instanceof AppError ? `${error.code}: ${error.message}` : errorMessage(error)
        await write(actor, action, 'failed', { startedId, detail })
        throw error
      }
      await write(actor, { ...action, ...about?.(result) }, 'succeeded', { startedId })
      return result
    },

    /** The newest first. `before` is the id of the last line of the page before. */
    async list(filter: AuditFilter, { limit, before }: { limit: number; before?: number | undefined }): Promise<AuditEntry[]> {
      return em.fork().find(AuditEntity, where(filter, before), { orderBy: { id: 'desc' }, limit })
    },

    count: (filter: AuditFilter): Promise<number> => em.fork().count(AuditEntity, where(filter)),
  }
}

/** Sorts after everything, so that a range finds all that begins with a text; `like` would read `_` and `%` as wildcards. */
const lastCharacter = '\u{10FFFF}'

function where({ actor, action, nodeId, appId, outcome, since, until }: AuditFilter, before?: number) {
  return {
    ...(actor ? { actor } : {}),
    ...(action ? { action: { $gte: action, $lt: `${action}${lastCharacter}` } } : {}),
    ...(nodeId ? { nodeId } : {}),
    ...(appId ? { appId } : {}),
    ...(outcome ? { outcome } : {}),
    ...(since || until ? { at: { ...(since ? { $gte: since } : {}), ...(until ? { $lte: until } : {}) } } : {}),
    ...(before === undefined ? {} : { id: { $lt: before } }),
  }
}
