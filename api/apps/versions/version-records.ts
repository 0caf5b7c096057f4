import { jsonBytes } from '../../bounds.ts'
import type { EntityManager } from '../../db/orm.ts'
import { AppError, notFound } from '../../errors.ts'
import type { Allowance } from '../app.ts'
import type { Alongside } from '../operation-records.ts'
import { AppVersionEntity, type AppVersionRow } from './app-version.entity.ts'
import type { VersionImage, VersionOutcome, VersionPage, VersionSummary } from './version.ts'

export type VersionRecords = ReturnType<typeof createVersionRecords>

/** The versions of this node's apps. Their numbers only grow, whatever becomes of a version. */
export function createVersionRecords({ em }: { em: EntityManager }) {
  /** The greatest number ever given, by app. */
  const newest = new Map<string, number>()

  return {
    async load(): Promise<void> {
      const rows = await em.fork().find(AppVersionEntity, {}, { fields: ['appId', 'number'] })
      for (const { appId, number } of rows) newest.set(appId, Math.max(number, newest.get(appId) ?? 0))
    },

    /** Gives away the next number, so that two changes never get the same. */
    next(appId: string): number {
      const number = (newest.get(appId) ?? 0) + 1
      newest.set(appId, number)
      return number
    },

    /** Takes back a number whose version could not be saved, unless a later one was given since. */
    takeBack(appId: string, number: number): void {
      if (newest.get(appId) === number) newest.set(appId, number - 1)
    },

    save:
      (row: AppVersionRow): Alongside =>
      (transaction) =>
        transaction.insert(AppVersionEntity, row),

    async find(appId: string, number: number): Promise<AppVersionRow | null> {
      return em.fork().findOne(AppVersionEntity, { appId, number })
    },

    /** @throws NOT_FOUND */
    async get(appId: string, number: number): Promise<AppVersionRow> {
      const row = await em.fork().findOne(AppVersionEntity, { appId, number })
      if (!row) throw new AppError('NOT_FOUND', `The app has no version ${number}`)
      return row
    },

    /** Without their contents, newest first. @throws NOT_FOUND */
    async list(appId: string, { before, most }: { before?: number | undefined; most: number }): Promise<VersionPage> {
      const where = { appId, ...(before === undefined ? {} : { number: { $lt: before } }) }
      const fields = ['appId', 'number', 'createdAt', 'author', 'reason', 'outcome', 'profiles', 'images'] as const
      const rows = await em.fork().find(AppVersionEntity, where, { fields, orderBy: { number: 'desc' }, limit: most })
      if (!newest.has(appId)) throw notFound('app', appId)
      const all = rows.map(({ number, createdAt, author, reason, outcome, profiles, images }) => ({
        ...{ number, createdAt, author, reason, outcome, profiles, images },
      }))
      const versions = firstThatFit(all)
      const last = versions.at(-1)
      const count = (than?: number): Promise<number> =>
        em.fork().count(AppVersionEntity, { appId, ...(than !== undefined && { number: { $lt: than } }) })
      return { versions, older: last ? await count(last.number) : 0, total: await count() }
    },

    async allow(appId: string, number: number, allowances: Allowance[]): Promise<void> {
      await em.fork().nativeUpdate(AppVersionEntity, { appId, number }, { allowances })
    },

    /** What became of each version, newest first. */
    async outcomes(appId: string): Promise<Pick<AppVersionRow, 'number' | 'outcome'>[]> {
      return em.fork().find(AppVersionEntity, { appId }, { fields: ['number', 'outcome'], orderBy: { number: 'desc' } })
    },

    /** The numbers of the newest healthy versions, newest first. */
    async healthy(appId: string, most: number, before = Infinity): Promise<number[]> {
      const where = { appId, outcome: 'healthy' as const, ...(before < Infinity && { number: { $lt: before } }) }
      const rows = await em.fork().find(AppVersionEntity, where, { fields: ['number'], orderBy: { number: 'desc' }, limit: most })
      return rows.map(({ number }) => number)
    },

    /** What the versions ran with that failed, newest first. */
    async failedImages(appId: string): Promise<VersionImage[][]> {
      const where = { appId, outcome: { $in: ['failed' as const, 'rolled_back' as const] } }
      const rows = await em.fork().find(AppVersionEntity, where, { fields: ['images'], orderBy: { number: 'desc' } })
      return rows.map(({ images }) => images)
    },

    /** The verdict on a version. @returns what saves it */
    settle(appId: string, number: number, outcome: VersionOutcome, images?: VersionImage[]): Alongside {
      // What was healthy once stays so. That it fails later is said by the app's status.
      const which = { appId, number, ...(outcome === 'failed' && { outcome: { $ne: 'healthy' as const } }) }
      return (transaction) => transaction.nativeUpdate(AppVersionEntity, which, { outcome, ...(images && { images }) })
    },

    forget(appId: string): Alongside {
      newest.delete(appId)
      return (transaction) => transaction.nativeDelete(AppVersionEntity, { appId })
    },

    async delete(appId: string, numbers: number[]): Promise<void> {
      await em.fork().nativeDelete(AppVersionEntity, { appId, number: { $in: numbers } })
    },
  }
}

/** Less than half of what one answer can hold. */
const mostBytes = 1024 * 1024

/** The first one, and as many more as fit an answer. */
function firstThatFit(versions: VersionSummary[]): VersionSummary[] {
  let left = mostBytes
  const end = versions.findIndex((version, index) => (left -= jsonBytes(version)) < 0 && index > 0)
  return end < 0 ? versions : versions.slice(0, end)
}
