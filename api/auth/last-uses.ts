import { createBatches } from '../batches.ts'
import type { EntityManager } from '../db/orm.ts'

/** When credentials were last used, saved in batches: each request uses one. */
export function createLastUses<T extends { id: string }>(deps: {
  em: EntityManager
  find: (id: string) => T | undefined
  write: (transaction: EntityManager, row: T) => Promise<unknown>
}) {
  const touched = new Set<string>()

  return {
    touched: (id: string): void => void touched.add(id),
    forget: (id: string): void => void touched.delete(id),

    flush: createBatches<T[]>({
      take() {
        const used = [...touched].flatMap((id) => deps.find(id) ?? [])
        touched.clear()
        return used.length > 0 ? used : null
      },
      write: (used) =>
        deps.em.fork().transactional(async (transaction) => {
          for (const row of used) await deps.write(transaction, row)
        }),
      giveBack: (used) => used.forEach(({ id }) => touched.add(id)),
    }),
  }
}
