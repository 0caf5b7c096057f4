import { cut, cutOrNull } from '../bounds.ts'
import type { EntityManager } from '../db/orm.ts'
import type { Clock } from '../clock.ts'
import { AppError, errorMessage } from '../errors.ts'
import { createAuditDenials } from './audit-denials.ts'
import { AuditEntity, type AuditOutcome, type AuditRow } from './audit.entity.ts'

/**
 * The longest texts of a line, in characters: callers choose most of them, and a line is there to be read. All together bound
 * what one line can cost the database.
 */
const longest = { actor: 250, via: 20, address: 64, action: 64, id: 64, subject: 300, detail: 1000 }

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
  const denials = createAuditDenials({ clock })

  async function write(
    actor: Actor,
    action: AuditedAction,
    outcome: AuditOutcome,
    more: { detail?: string; startedId?: number } = {},
  ): Promise<number> {
    return em.fork().insert(AuditEntity, {
      at: clock.now(),
      actor: cut(actor.name, longest.actor),
      via: cut(actor.via, longest.via),
      address: cut(actor.address, longest.address),
      action: cut(action.action, longest.action),
      nodeId: cutOrNull(action.nodeId ?? null, longest.id),
      appId: cutOrNull(action.appId ?? null, longest.id),
      subject: cutOrNull(action.subject ?? null, longest.subject),
      outcome,
      detail: cutOrNull(more.detail ?? null, longest.detail),
      startedId: more.startedId ?? null,
    })
  }

  return {
    /** Something that is over as it is written, such as a sign-in. */
    async note(actor: Actor, action: AuditedAction, outcome: AuditOutcome, detail?: string): Promise<void> {
      await write(actor, action, outcome, detail === undefined ? {} : { detail })
    },

    /**
     * A refusal, or something that came to nothing and that anybody can cause: beyond a budget it is counted, and one line
     * says later how many there were.
     *
     * @returns whether it got a line of its own
     */
    async noteRefusal(actor: Actor, action: AuditedAction, outcome: AuditOutcome = 'denied', detail?: string): Promise<boolean> {
      if (!denials.admits(actor, action.action)) return false
      await write(actor, action, outcome, detail === undefined ? {} : { detail })
      return true
    },

    /** Writes how many refusals got no line of their own. @param all of the window that is not over as well: the program stops */
    async summarise({ all = false } = {}): Promise<void> {
      for (const { actor, count, actions, since } of denials.takeSummaries({ all })) {
        const action = { action: 'refusals', subject: `${count} more were refused or failed` }
        await write(actor, action, 'denied', { detail: `Since ${since.toISOString()}: ${actions}` })
      }
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
