import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { EntityManager } from '../db/orm.ts'
import { StartError } from '../errors.ts'
import { NodeEntity, type NodeRow } from './node.entity.ts'

/** Calls with the former key that were on their way when it was replaced still get in for this long. */
const graceMs = 60_000

interface Keys {
  current: string
  /** Made, perhaps with the node already: as good as the current one until it takes its place. */
  next: string | null
  former: string | null
}

export type NodeKeys = ReturnType<typeof createNodeKeys>

/** The keys that a primary shares with its nodes, in memory as they are and at rest sealed; their only writer. */
export function createNodeKeys(deps: {
  em: EntityManager
  seal: (apiKey: string, nodeId: string) => string
  open: (sealed: string, nodeId: string) => string
  clock: Clock
}) {
  const { em, clock } = deps
  const keys = new Map<string, Keys>()

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

  return {
    /** @throws StartError when it does not open */
    load(row: NodeRow): void {
      const next = row.nextApiKey === '' ? null : open(row, row.nextApiKey)
      keys.set(row.id, { current: open(row, row.apiKey), next, former: null })
    },

    /** In place of whatever was known; nothing else is good from now on. Not written. */
    set: (id: string, current: string): void => void keys.set(id, { current, next: null, former: null }),

    sealed: (id: string, apiKey: string): string => deps.seal(apiKey, id),

    current: (id: string): string | null => keys.get(id)?.current ?? null,

    next: (id: string): string | null => keys.get(id)?.next ?? null,

    /** Every key that is good for a node; none for an unknown id. */
    all(id: string): string[] {
      const known = keys.get(id)
      return known ? [known.current, known.next, known.former].filter((key) => key !== null) : []
    },

    /** The next key of a node: the one that was made before, or a new one, on disk before anybody hears of it. */
    async prepare(id: string): Promise<string> {
      const known = keys.get(id)
      if (known?.next) return known.next
      const next = randomBytes(32).toString('base64url')
      await em.fork().nativeUpdate(NodeEntity, { id }, { nextApiKey: deps.seal(next, id) })
      // It may have got another key by hand, or been removed, while this was written.
      if (known && keys.get(id) === known) known.next = next
      return next
    },

    async dropNext(id: string): Promise<void> {
      const known = keys.get(id)
      if (known) known.next = null
      await em.fork().nativeUpdate(NodeEntity, { id }, { nextApiKey: '' })
    },

    /** The next key is the key from now on. @returns whether there was one */
    async promote(id: string, keyChangedAt: Date): Promise<boolean> {
      const known = keys.get(id)
      if (!known?.next) return false
      const former = known.current
      Object.assign(known, { current: known.next, next: null, former })
      clock.after(graceMs, () => {
        if (known.former === former) known.former = null
      })
      await em.fork().nativeUpdate(NodeEntity, { id }, { apiKey: deps.seal(known.current, id), nextApiKey: '', keyChangedAt })
      return true
    },

    forget: (id: string): void => void keys.delete(id),
  }
}
