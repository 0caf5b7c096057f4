import { AppError } from '../../errors.ts'
import { oneAtATimePerKey } from '../../one-at-a-time.ts'
import type { AppRow } from '../app.entity.ts'
import type { Operations } from '../operations.ts'
import type { AppVersions, Base } from './app-versions.ts'

export type NewestVersion = ReturnType<typeof createNewestVersion>

/** What the next change of an app builds on: the newest version that was accepted, even if it has not been made current yet. */
export function createNewestVersion({
  operations,
  versions,
}: {
  operations: Pick<Operations, 'inputsOf'>
  versions: Pick<AppVersions, 'base'>
}) {
  const accepting = oneAtATimePerKey()

  const numberOf = ({ id, version }: AppRow): number => Math.max(version, ...operations.inputsOf(id).map((input) => input.version ?? 0))

  return {
    /** @throws CONFLICT when another change is about to become the next version */
    refuseChanging(row: AppRow): void {
      if (numberOf(row) === row.version) return
      const message = `Another change to ${row.name} is being saved as the next version. Read the app again in a moment, apply your change to that version, and save it`
      throw new AppError('CONFLICT', message, {
        fields: [{ field: 'ifVersion', message: `is ${row.version}, which another change is about to replace` }],
      })
    },
    of: (row: AppRow): Promise<Base> => versions.base(row.id, numberOf(row)),
    /** Accepts one change of an app at a time, from the look at the newest version until its own is saved. */
    accepting: <T>({ id }: AppRow, accept: () => Promise<T>): Promise<T> => accepting.run(id, accept),
  }
}
