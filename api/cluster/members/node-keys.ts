import { randomBytes } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import { syncToDisk } from '../../db/durability.ts'
import type { EntityManager } from '../../db/orm.ts'
import { AppError, StartError } from '../../errors.ts'
import { oneAtATimePerKey } from '../../one-at-a-time.ts'
import { NodeEntity, type NodeRow } from './node.entity.ts'

/** How long the former key still works, for calls that were in flight when it was replaced. */
export const keyGraceMs = 60_000

interface Keys {
  current: string
  /** Created, and perhaps already on the node. Accepted alongside the current one until it replaces it. */
  next: string | null
  former: string | null
}

export type NodeKeys = ReturnType<typeof createNodeKeys>

/**
 * The keys that a primary shares with its nodes: plain in memory, sealed on disk. This is their only writer. Changes to one
 * node's keys run one after another and reach the disk first, so a restart always finds the keys in use.
 */
export function createNodeKeys(deps: {
  em: EntityManager
  seal: (apiKey: string, nodeId: string) => string
  open: (sealed: string, nodeId: string) => string
  clock: Clock
}) {
  const { em, clock } = deps
  const keys = new Map<string, Keys>()
  const perNode = oneAtATimePerKey()

  const open = (row: NodeRow, sealed: string): string => {
    try {
      return deps.open(sealed, row.id)
    } catch {
      throw new StartError(
        `SECRET_KEY: node ${row.name}'s key in the database was sealed with a different secret key. ` +
          'Restore the previous SECRET_KEY, or the file secret.key in the data folder',
      )
    }
  }

  const write = (id: string, columns: Partial<NodeRow>): Promise<number> => em.fork().nativeUpdate(NodeEntity, { id }, columns)

  return {
    /** @throws StartError when a key cannot be unsealed */
    load(row: NodeRow): void {
      const next = row.nextApiKey === '' ? null : open(row, row.nextApiKey)
      keys.set(row.id, { current: open(row, row.apiKey), next, former: null })
    },

    /** Sets the key of a new node, in memory only. */
    set: (id: string, current: string): void => void keys.set(id, { current, next: null, former: null }),

    sealed: (id: string, apiKey: string): string => deps.seal(apiKey, id),

    current: (id: string): string | null => keys.get(id)?.current ?? null,

    next: (id: string): string | null => keys.get(id)?.next ?? null,

    /** Every key a node may use, at most three. Empty for an unknown id. */
    all(id: string): string[] {
      const known = keys.get(id)
      return known ? [known.current, known.next, known.former].filter((key) => key !== null) : []
    },

    /** Makes `current` the node's only valid key. Written together with `columns`, other columns of the node. */
    replace: (id: string, current: string, columns: Partial<NodeRow>): Promise<void> =>
      perNode.run(id, async () => {
        await write(id, { ...columns, apiKey: deps.seal(current, id), nextApiKey: '' })
        if (keys.has(id)) keys.set(id, { current, next: null, former: null })
        // The key is committed, and only a power cut could bring back the former one, so a failed sync is not a failure.
        await syncToDisk(em).catch(() => undefined)
      }),

    /** The node's next key: an existing one, or a new one that is on disk before this resolves. @throws CONFLICT for a removed node */
    prepare: (id: string): Promise<string> =>
      perNode.run(id, async () => {
        const known = keys.get(id)
        if (!known) throw new AppError('CONFLICT', 'The node was just removed')
        if (known.next) return known.next
        const next = randomBytes(32).toString('base64url')
        await write(id, { nextApiKey: deps.seal(next, id) })
        await syncToDisk(em)
        known.next = next
        return next
      }),

    /** Discards a next key that the node is known not to have. */
    drop: (id: string, next: string): Promise<void> =>
      perNode.run(id, async () => {
        const known = keys.get(id)
        if (known?.next !== next) return
        await write(id, { nextApiKey: '' })
        known.next = null
      }),

    /** Makes the next key the current one. @returns false if `next` is no longer the next key */
    promote: (id: string, next: string, keyChangedAt: Date): Promise<boolean> =>
      perNode.run(id, async () => {
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
