import type { EntityManager } from '../../db/orm.ts'
import { errorMessage } from '../../errors.ts'
import type { AppFiles } from '../app-files.ts'
import type { AppRecords } from '../app-records.ts'
import type { AppRow } from '../app.entity.ts'
import type { FileWatch } from '../file-watch.ts'
import type { OperationRun } from '../operation-run.ts'
import type { Removal } from '../removal.ts'
import type { AppVersions } from '../versions/app-versions.ts'
import type { Failure } from './deploys.ts'
import type { LastWords } from './last-words.ts'
import type { RunImages } from './run-images.ts'

/** Saved with the app while it goes back, so that a killed program goes on with it. */
export interface GoingBack {
  from: number
  /** What the operation will fail with. */
  why: string
}

/** Brings an app whose deploy failed back to the last healthy version: files, environment and images. */
export function createGoingBack(deps: {
  em: EntityManager
  versions: AppVersions
  records: AppRecords
  files: AppFiles
  disk: FileWatch
  removal: Pick<Removal, 'removeUsers'>
  images: RunImages
  lastWords: LastWords
  /** Deploys the current version. @returns why it failed */
  judged: (row: AppRow, run: OperationRun) => Promise<Failure | null>
}) {
  const { versions, records, files, disk, images } = deps

  async function deployAgain(row: AppRow, from: number, run: OperationRun): Promise<string> {
    run.step(50, `Going back to version ${row.version}`)
    const [before, after] = [await versions.contents(row.id, from), await versions.contents(row.id, row.version)]
    await disk.during(row.name, async () => {
      for (const kept of await files.writeOthers(row.name, after.files, before.files)) run.line(kept)
      await files.write(row.name, row.composeContent)
    })
    // They hold what the failed version brought.
    await deps.removal.removeUsers(row, await versions.brought(row.id, from), () => true, run)
    await images.pin(row, run)
    const failure = await deps.judged(row, run)
    if (!failure) {
      // Its images may have been pulled again.
      await images.settleHealthy(row)
      return `The app is back on version ${row.version}`
    }
    const { reason, lines } = await deps.lastWords(row, failure)
    return `Going back to version ${row.version} failed too: ${reason}. Nothing more is tried: look at the app, then start it or change it${lines}`
  }

  /** The second half, which is the same after a restart of the program. */
  async function finish(row: AppRow, { from, why }: GoingBack, run: OperationRun): Promise<never> {
    let end: string
    try {
      end = await deployAgain(row, from, run)
    } catch (error) {
      // The next run of the program goes on here.
      if (run.signal.aborted && run.signal.reason === 'shutdown') throw error
      end = run.signal.aborted ? 'Going back was ended before it was done' : `Going back failed: ${errorMessage(error)}`
    }
    await records.remember(row, { goingBack: null })
    run.line(`Version ${from} failed. ${end}`)
    const [first = '', ...rest] = why.split('\n\n')
    throw new Error([`${first}. ${end}`, ...rest].join('\n\n'))
  }

  return {
    finish,

    async goBack(row: AppRow, failure: Failure, run: OperationRun): Promise<never> {
      const { version: from } = row
      const { reason, lines } = await deps.lastWords(row, failure)
      const why = `Version ${from} failed: ${reason}`
      const tried = await images.of(row)
      const wasHealthy = (await versions.outcomeOf(row.id, from)) === 'healthy'
      const target = wasHealthy ? null : await versions.lastHealthy(row.id, from)
      if (target === null) {
        if (!wasHealthy) await versions.settle(row.id, from, 'failed', tried)
        throw new Error(
          `${why}. ${wasHealthy ? 'It was healthy before, so nothing is rolled back' : 'There is no healthy version to go back to, so it stays as it is'}${lines}`,
        )
      }
      const goingBack: GoingBack = { from, why: `${why}${lines}` }
      const current = await versions.current(row.id, target)
      // Both or neither: a version that was rolled back is never the current one.
      await records.saveWith(row, { ...current, goingBack }, (save) =>
        deps.em.fork().transactional(async (transaction) => {
          await save(transaction)
          await versions.settling(row.id, from, 'rolled_back', tried)(transaction)
        }),
      )
      return finish(row, goingBack, run)
    },
  }
}
