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

/** `ended`: for a line with which an action began, the one with which it ended; of several the last. */
export type AuditEntry = AuditRow & { ended: AuditRow | null }

/** Something that was begun and goes on. */
interface Begun<T> {
  result: T
  startedId: number
  action: AuditedAction
  elapsed: () => number
}

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
    more: { detail?: string | null; startedId?: number; durationMs?: number | null } = {},
    manager: Pick<EntityManager, 'insert'> = em.fork(),
  ): Promise<number> {
    return manager.insert(AuditEntity, {
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
      durationMs: more.durationMs ?? null,
    })
  }

  /** Does something after the first of its lines; the last is written here only when it fails. */
  async function begin<T>(
    actor: Actor,
    action: AuditedAction,
    run: () => Promise<T>,
    about?: (result: T) => Partial<AuditedAction>,
  ): Promise<Begun<T>> {
    const startedId = await write(actor, action, 'started')
    const startedAt = clock.now().getTime()
    const elapsed = (): number => clock.now().getTime() - startedAt
    try {
      const result = await run()
      return { result, startedId, action: { ...action, ...about?.(result) }, elapsed }
    } catch (error) {
      const detail = error instanceof AppError ? `${error.code}: ${error.message}` : errorMessage(error)
      await write(actor, action, 'failed', { startedId, detail, durationMs: elapsed() })
      throw error
    }
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
      const { result, startedId, action: whole, elapsed } = await begin(actor, action, run, about)
      await write(actor, whole, 'succeeded', { startedId, durationMs: elapsed() })
      return result
    },

    /** As `around` for what goes on after `run`: whoever calls this writes the outcome by `end`. */
    begin,

    /** The outcome of what was begun. Within a transaction when one is given. */
    async end(
      actor: Actor,
      action: AuditedAction,
      { outcome, ...more }: { outcome: AuditOutcome; startedId: number; detail: string | null; durationMs: number | null },
      transaction?: EntityManager,
    ): Promise<void> {
      await write(actor, action, outcome, more, transaction)
    },

    /** The newest lines with which something began and that have no outcome, which only a program that was cut off leaves. */
    async unfinished(limit: number): Promise<AuditRow[]> {
      const rows = await em.getConnection().execute<{ id: number }[]>(
        `select "id" from "audit_entries" "begun" where "outcome" = 'started'
           and not exists (select 1 from "audit_entries" where "started_id" = "begun"."id") order by "id" desc limit ?`,
        [limit],
      )
      return em.fork().find(AuditEntity, { id: { $in: rows.map(({ id }) => id) } })
    },

    /** The newest first. `before` is the id of the last line of the page before. */
    async list(filter: AuditFilter, { limit, before }: { limit: number; before?: number | undefined }): Promise<AuditEntry[]> {
      const fork = em.fork()
      const entries = await fork.find(AuditEntity, where(filter, before), { orderBy: { id: 'desc' }, limit })
      const begun = entries.flatMap(({ id, outcome }) => (outcome === 'started' ? id : []))
      const ends = begun.length === 0 ? [] : await fork.find(AuditEntity, { startedId: { $in: begun } }, { orderBy: { id: 'asc' } })
      const endOf = new Map(ends.map((end) => [end.startedId, end]))
      return entries.map((entry) => ({ ...entry, ended: endOf.get(entry.id) ?? null }))
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
