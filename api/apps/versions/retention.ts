import { errorMessage } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { AppRow } from '../app.entity.ts'
import type { Operations } from '../operations.ts'
import type { AppVersions } from './app-versions.ts'
import type { VersionSummary } from './version.ts'

/** These stay whatever became of them, so that people and robots see what was tried lately. */
const newestKept = 10

/**
 * The versions that go: the oldest beyond the limit, and those that were healthy last.
 *
 * @param versions newest first
 * @param needed stay, even if they are more than the limit
 */
export function outdatedOf(versions: Pick<VersionSummary, 'number' | 'outcome'>[], most: number, needed: ReadonlySet<number>): number[] {
  const rank = ({ number, outcome }: Pick<VersionSummary, 'number' | 'outcome'>, index: number): number =>
    needed.has(number) ? 0 : index < newestKept ? 1 : outcome === 'healthy' ? 2 : 3
  const ranked = versions.map((version, index) => ({ ...version, rank: rank(version, index) })).toSorted((a, b) => a.rank - b.rank)
  return ranked.slice(most).flatMap((version) => (version.rank === 0 ? [] : version.number))
}

export type Retention = ReturnType<typeof createRetention>

/** Deletes what is too old of an app's history. */
export function createRetention(deps: {
  versions: Pick<AppVersions, 'outcomes' | 'deleteOld'>
  settings: { keptVersions: number }
  operations: Pick<Operations, 'inputsOf'>
  /** What going back needs. */
  neededOf: (row: AppRow) => Promise<number[]>
  log: Log
}) {
  const { versions, operations, log } = deps
  const most = deps.settings.keptVersions

  /** What operations that wait or run will read. */
  const askedOf = ({ id }: AppRow): number[] =>
    operations.inputsOf(id).flatMap(({ version, copiedBefore }) => [version, copiedBefore].filter((number) => number !== undefined))

  async function apply(row: AppRow): Promise<void> {
    const known = await versions.outcomes(row.id)
    if (known.length <= most) return
    const newest = known[0]?.number ?? row.version
    const outdated = outdatedOf(known, most, new Set([row.version, newest, ...askedOf(row), ...(await deps.neededOf(row))]))
    if (outdated.length > 0) await versions.deleteOld(row.id, outdated)
  }

  return {
    /** Never fails: what could not be deleted goes next time. Call it while nothing changes the app. */
    apply: (row: AppRow): Promise<void> =>
      apply(row).catch((error: unknown) => log.warn({ app: row.name, error: errorMessage(error) }, 'old versions not deleted')),
  }
}
