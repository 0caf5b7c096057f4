import { cut, cutOrNull } from '../bounds.ts'
import type { EntityManager } from '../db/orm.ts'
import type { Clock } from '../clock.ts'
import { AppError, errorMessage } from '../errors.ts'
import { createAuditDenials } from './audit-denials.ts'
import { AuditEntity, type AuditOutcome, type AuditRow } from './audit.entity.ts'

/**
 * The longest text of each column, in characters. Callers choose most of these texts, so this bounds what one line can cost the
 * database, and keeps lines readable.
 */
const longest = { actor: 250, tokenName: 100, via: 20, address: 64, action: 64, id: 64, subject: 300, detail: 1000 }

/** Who did it, and from where. */
export interface Actor {
  name: string
  via: string
  /** Which API token it was, if it was one. */
  tokenName?: string | null
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
  /** Anywhere in the actor, the token's name, the action, the subject, the detail or the address. Case does not matter. */
  search?: string | null | undefined
}

/** `ended`: for a line that starts an action, the last line that gives its outcome. */
export type AuditEntry = AuditRow & { ended: AuditRow | null }

/** An action that has started and goes on. */
interface Begun<T> {
  result: T
  startedId: number
  action: AuditedAction
  elapsed: () => number
}

export type AuditLog = ReturnType<typeof createAuditLog>

/**
 * Who did what, when, from where and with what outcome. An action writes one line before it starts and one when it ends. If the
 * first line cannot be written, the action does not run.
 */
export function createAuditLog({
  em,
  clock,
  onWritten = () => undefined,
}: {
  em: EntityManager
  clock: Clock
  /** Called with the id of each new line. */
  onWritten?: (id: number) => void
}) {
  const denials = createAuditDenials({ clock })

  async function write(
    actor: Actor,
    action: AuditedAction,
    outcome: AuditOutcome,
    more: { detail?: string | null; startedId?: number; durationMs?: number | null } = {},
    manager: Pick<EntityManager, 'insert'> = em.fork(),
  ): Promise<number> {
    const id = await manager.insert(AuditEntity, {
      at: clock.now(),
      actor: cut(actor.name, longest.actor),
      via: cut(actor.via, longest.via),
      tokenName: cutOrNull(actor.tokenName ?? null, longest.tokenName),
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
    onWritten(id)
    return id
  }

  /** Writes the first line and runs the action. Writes the last line only if `run` fails, and calls `onFailed` then. */
  async function begin<T>(
    actor: Actor,
    action: AuditedAction,
    run: () => Promise<T>,
    about?: (result: T) => Partial<AuditedAction>,
    onFailed?: (error: unknown, startedId: number) => Promise<void>,
  ): Promise<Begun<T>> {
    const startedId = await write(actor, action, 'started')
    const startedAt = clock.now().getTime()
    const elapsed = (): number => clock.now().getTime() - startedAt
    try {
      const result = await run()
      return { result, startedId, action: { ...action, ...about?.(result) }, elapsed }
    } catch (error) {
      const detail = error instanceof AppError ? `${error.code}: ${error.message}` : errorMessage(error)
      const outcome = error instanceof AppError && error.isOutcomeUnknown ? 'unknown' : 'failed'
      await write(actor, action, outcome, { startedId, detail, durationMs: elapsed() })
      await onFailed?.(error, startedId)
      throw error
    }
  }

  return {
    /** Writes one line for something that is already complete, such as a sign-in. */
    async note(actor: Actor, action: AuditedAction, outcome: AuditOutcome, detail?: string): Promise<void> {
      await write(actor, action, outcome, detail === undefined ? {} : { detail })
    },

    /**
     * Writes a line for a refusal, or for a failure that anyone can cause. Beyond a budget these are only counted, and one line
     * gives the total later.
     *
     * @returns whether it got its own line
     */
    async noteRefusal(actor: Actor, action: AuditedAction, outcome: AuditOutcome = 'denied', detail?: string): Promise<boolean> {
      if (!denials.admits(actor, action.action)) return false
      await write(actor, action, outcome, detail === undefined ? {} : { detail })
      return true
    },

    /** Writes how many refusals got no line of their own. @param all include the current window, because the program is stopping */
    async summarise({ all = false } = {}): Promise<void> {
      for (const { actor, count, actions, since } of denials.takeSummaries({ all })) {
        const action = { action: 'refusals', subject: `${count} more were refused or failed` }
        await write(actor, action, 'denied', { detail: `Since ${since.toISOString()}: ${actions}` })
      }
    },

    /** Runs an action between its two lines. @throws what `run` throws, or the error from writing the log */
    async around<T>(actor: Actor, action: AuditedAction, run: () => Promise<T>, about?: (result: T) => Partial<AuditedAction>): Promise<T> {
      const { result, startedId, action: whole, elapsed } = await begin(actor, action, run, about)
      await write(actor, whole, 'succeeded', { startedId, durationMs: elapsed() })
      return result
    },

    /** Like `around`, for what goes on after `run` until `over` resolves with why it ended. Resolves `written` when that is in the log. */
    async through<T>(
      actor: Actor,
      action: AuditedAction,
      run: () => Promise<T>,
      over: (result: T) => Promise<string>,
      about?: (result: T) => Partial<AuditedAction>,
    ): Promise<{ result: T; written: Promise<void> }> {
      const { result, startedId, action: whole, elapsed } = await begin(actor, action, run, about)
      const end = async (): Promise<void> => {
        const detail = await over(result)
        await write(actor, whole, 'succeeded', { startedId, detail, durationMs: elapsed() })
      }
      return { result, written: end() }
    },

    /** Like `around`, for actions that go on after `run`. The caller writes the outcome with `end`. */
    begin,

    /** Writes the outcome of an action that `begin` started, within a transaction if one is given. */
    async end(
      actor: Actor,
      action: AuditedAction,
      { outcome, ...more }: { outcome: AuditOutcome; startedId: number; detail: string | null; durationMs: number | null },
      transaction?: EntityManager,
    ): Promise<void> {
      await write(actor, action, outcome, more, transaction)
    },

    /** The newest lines that start an action and have no outcome. Only a program that was killed or crashed leaves them. */
    async unfinished(limit: number): Promise<AuditRow[]> {
      const rows = await em.getConnection().execute<{ id: number }[]>(
        `select "id" from "audit_entries" "begun" where "outcome" = 'started'
           and not exists (select 1 from "audit_entries" where "started_id" = "begun"."id") order by "id" desc limit ?`,
        [limit],
      )
      return em.fork().find(AuditEntity, { id: { $in: rows.map(({ id }) => id) } })
    },

    /** Newest first. `before` is the id of the last line on the previous page. */
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

/** Sorts after every other character, so a range finds everything with a prefix. `like` would read `_` and `%` as wildcards. */
const lastCharacter = '\u{10FFFF}'

const searched = ['actor', 'tokenName', 'action', 'subject', 'detail', 'address'] as const

/** `like` reads `%` as anything, so it stands for one character here, as `_` does. */
const containing = (text: string) => ({ $or: searched.map((column) => ({ [column]: { $like: `%${text.replaceAll('%', '_')}%` } })) })

function where({ actor, action, nodeId, appId, outcome, since, until, search }: AuditFilter, before?: number) {
  return {
    ...(actor ? { actor } : {}),
    ...(action ? { action: { $gte: action, $lt: `${action}${lastCharacter}` } } : {}),
    ...(nodeId ? { nodeId } : {}),
    ...(appId ? { appId } : {}),
    ...(outcome ? { outcome } : {}),
    ...(search?.trim() ? containing(search.trim().slice(0, longest.subject)) : {}),
    ...(since || until ? { at: { ...(since ? { $gte: since } : {}), ...(until ? { $lte: until } : {}) } } : {}),
    ...(before === undefined ? {} : { id: { $lt: before } }),
  }
}
