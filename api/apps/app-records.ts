import type { Clock } from '../clock.ts'
import type { EntityManager } from '../db/orm.ts'
import { notFound } from '../errors.ts'
import { AppEntity, type AppRow } from './app.entity.ts'
import type { AppFiles } from './app-files.ts'
import type { AppPatch } from './app-update.ts'
import type { Alongside } from './operation-records.ts'

export type AppRecords = ReturnType<typeof createAppRecords>

/** The records of this node's apps. This process is the only one that writes them, so they are read once and kept in memory. */
export function createAppRecords(deps: {
  em: EntityManager
  clock: Clock
  files: Pick<AppFiles, 'place'>
  /** A record has changed and is saved. */
  onSaved: (row: AppRow) => void
}) {
  const { em } = deps
  const rows = new Map<string, AppRow>()
  /** Apps whose last outcome could not be saved, for example because the disk is full. */
  const unsaved = new Set<string>()

  function enter(row: AppRow): void {
    rows.set(row.id, row)
    deps.files.place(row.name, row.place)
  }

  function leave(id: string): void {
    const row = rows.get(id)
    rows.delete(id)
    if (row) deps.files.place(row.name, null)
  }

  /**
   * Writes only the fields in `patch`, because another save may be writing the others. `write` can save something else in the same
   * transaction.
   */
  async function saveWith<T>(row: AppRow, patch: AppPatch, write: (save: Alongside) => Promise<T>): Promise<T> {
    // An operation queued earlier may have removed the app.
    if (!rows.has(row.id)) throw notFound('app', row.id)
    const change = { ...patch, updatedAt: deps.clock.now() }
    // The database first: memory must not show what could not be saved.
    const result = await write((transaction) => transaction.nativeUpdate(AppEntity, { id: row.id }, change))
    Object.assign(row, change)
    deps.onSaved(row)
    return result
  }

  async function save(row: AppRow, patch: AppPatch): Promise<void> {
    await saveWith(row, patch, (write) => write(em.fork()))
  }

  /** Saves facts about an app that people do not edit. */
  async function remember(
    row: AppRow,
    patch: Partial<Pick<AppRow, 'wanted' | 'stoppedContainers' | 'allowances' | 'goingBack' | 'restartOwed' | 'filesSince'>>,
  ): Promise<void> {
    if (!rows.has(row.id)) return
    Object.assign(row, patch)
    // Not an upsert, which would bring back an app that was just removed.
    await em.fork().nativeUpdate(AppEntity, { id: row.id }, patch)
  }

  async function saveUnsaved(id: string): Promise<void> {
    const row = rows.get(id)
    if (row) await save(row, { desiredState: row.desiredState, lastError: row.lastError, lastFailedKind: row.lastFailedKind ?? null })
    unsaved.delete(id)
  }

  return {
    async load(): Promise<void> {
      for (const row of await em.fork().find(AppEntity, {})) enter(row)
    },

    all: (): AppRow[] => [...rows.values()],
    /** Images that the apps' services name. */
    images: (): string[] => [...rows.values()].flatMap(({ wanted }) => (wanted ?? []).flatMap(({ image }) => image ?? [])),
    has: (id: string): boolean => rows.has(id),
    find: (id: string): AppRow | undefined => rows.get(id),
    named: (name: string): AppRow | undefined => [...rows.values()].find((row) => row.name === name),

    /** @throws NOT_FOUND */
    get(id: string): AppRow {
      const row = rows.get(id)
      if (!row) throw notFound('app', id)
      return row
    },

    /** Adds a record in memory. @returns what saves it */
    add(row: AppRow): Alongside {
      enter(row)
      return (transaction) => transaction.insert(AppEntity, { ...row })
    },

    /** Takes back a record that was never saved. */
    drop: leave,

    /** `alongside` deletes what belongs to it in the same transaction. */
    async delete(id: string, alongside: Alongside): Promise<void> {
      await em.fork().transactional(async (transaction) => {
        await alongside(transaction)
        await transaction.nativeDelete(AppEntity, { id })
      })
      leave(id)
      unsaved.delete(id)
    },

    saveWith,
    save,
    remember,

    /** The outcome in this record has changed and must be saved. */
    outcomeChanged: (id: string): void => void unsaved.add(id),
    isUnsaved: (id: string): boolean => unsaved.has(id),
    saveUnsaved,

    /** Saves the outcomes that could not be saved earlier. */
    async flush(): Promise<void> {
      for (const id of unsaved) await saveUnsaved(id)
    },
  }
}
