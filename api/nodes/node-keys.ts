import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { EntityManager } from '../db/orm.ts'
import { AppError, StartError } from '../errors.ts'
import { NodeEntity, type NodeRow } from './node.entity.ts'

/** Calls with the former key that were on their way when it was replaced still get in for this long. */
export const keyGraceMs = 60_000

interface Keys {
  current: string
  /** Made, perhaps with the node already: as good as the current one until it takes its place. */
  next: string | null
  former: string | null
}

export type NodeKeys = ReturnType<typeof createNodeKeys>

/**
 * The keys that a primary shares with its nodes, in memory as they are and at rest sealed; their only writer. What is done to
 * the keys of one node is done one after another, on disk first: whatever it is, a restart finds what was in use.
 */
export function createNodeKeys(deps: {
  em: EntityManager
  seal: (apiKey: string, nodeId: string) => string
  open: (sealed: string, nodeId: string) => string
  clock: Clock
}) {
  const { em, clock } = deps
  const keys = new Map<string, Keys>()
  const turns = new Map<string, Promise<unknown>>()

  const open = (row: NodeRow, sealed: string): string => {
    try {
      return deps.open(sealed, row.id)
    } catch {
      throw new StartError(
        `SECRET_KEY: the key of node ${row.name} in the database was sealed with another secret key. ` +
          'Put back SECRET_KEY, or the file secret.key in the data folder, as it was',
      )
    }
  }

  function inTurn<T>(id: string, run: () => Promise<T>): Promise<T> {
    const result = (turns.get(id) ?? Promise.resolve()).then(run)
    const turn = result
      .catch(() => undefined)
      .then(() => {
        if (turns.get(id) === turn) turns.delete(id)
      })
    turns.set(id, turn)
    return result
  }

  const write = (id: string, columns: Partial<NodeRow>): Promise<number> => em.fork().nativeUpdate(NodeEntity, { id }, columns)

  /** Before anybody acts on it: what SQLite has committed in WAL mode is lost in a power cut until it is synced. */
  const sync = (): Promise<unknown> => em.getConnection().execute('pragma wal_checkpoint(full)')

  return {
    /** @throws StartError when it does not open */
    load(row: NodeRow): void {
      const next = row.nextApiKey === '' ? null : open(row, row.nextApiKey)
      keys.set(row.id, { current: open(row, row.apiKey), next, former: null })
    },

    /** The key of a node that is new here. Not written. */
    set: (id: string, current: string): void => void keys.set(id, { current, next: null, former: null }),

    sealed: (id: string, apiKey: string): string => deps.seal(apiKey, id),

    current: (id: string): string | null => keys.get(id)?.current ?? null,

    next: (id: string): string | null => keys.get(id)?.next ?? null,

    /** Every key that is good for a node, three at most; none for an unknown id. */
    all(id: string): string[] {
      const known = keys.get(id)
      return known ? [known.current, known.next, known.former].filter((key) => key !== null) : []
    },

    /** In place of whatever was good: nothing else is from now on. Written together with these other columns of the node. */
    replace: (id: string, current: string, columns: Partial<NodeRow>): Promise<void> =>
      inTurn(id, async () => {
        await write(id, { ...columns, apiKey: deps.seal(current, id), nextApiKey: '' })
        if (keys.has(id)) keys.set(id, { current, next: null, former: null })
        // It is written, and only a power cut now would bring the former one back: no reason to say that nothing was done.
        await sync().catch(() => undefined)
      }),

    /** The next key of a node: the one that was made before, or a new one, on disk before anybody hears of it. @throws CONFLICT for a node that is gone */
    prepare: (id: string): Promise<string> =>
      inTurn(id, async () => {
        const known = keys.get(id)
        if (!known) throw new AppError('CONFLICT', 'The node was removed meanwhile')
        if (known.next) return known.next
        const next = randomBytes(32).toString('base64url')
        await write(id, { nextApiKey: deps.seal(next, id) })
        await sync()
        known.next = next
        return next
      }),

    /** Forgets a next key that the node is known not to have. */
    drop: (id: string, next: string): Promise<void> =>
      inTurn(id, async () => {
        const known = keys.get(id)
        if (known?.next !== next) return
        await write(id, { nextApiKey: '' })
        known.next = null
      }),

    /** The next key is the key from now on. @returns whether this one was the next key still */
    promote: (id: string, next: string, keyChangedAt: Date): Promise<boolean> =>
      inTurn(id, async () => {
        const known = keys.get(id)
        if (known?.next !== next) return false
        const former = known.current
        await write(id, { apiKey: deps.seal(next, id), nextApiKey: '', keyChangedAt })
        Object.assign(known, { current: next, next: null, former })
        clock.after(keyGraceMs, () => {
          if (known.former === former) known.former = null
        })
        return true
      }),

    forget: (id: string): void => void keys.delete(id),
  }
}
