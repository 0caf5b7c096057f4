import { randomUUID } from 'node:crypto'
import { bounds, cut, cutOrNull } from '../../bounds.ts'
import type { Clock } from '../../clock.ts'
import type { ComposeCli, Engine } from '../../docker/engine.types.ts'
import { AppError, invalidInput } from '../../errors.ts'
import { oneAtATimePerKey } from '../../one-at-a-time.ts'
import { newRow } from '../app-creation.ts'
import type { AppDeploy } from '../app-deploy.ts'
import type { AppFiles } from '../app-files.ts'
import { refuseTooMuch } from '../app-limits.ts'
import type { AppRecords } from '../app-records.ts'
import type { AppOperation, AppWork } from '../app-work.ts'
import { isUp } from '../app-status.ts'
import type { AppRow } from '../app.entity.ts'
import { refusePrepared } from '../changed-on-disk.ts'
import type { FileWatch } from '../file-watch.ts'
import type { Permit } from '../compose/policy/app-policy.ts'
import type { AppValidation } from '../compose/validation.ts'
import type { ContainerWatch } from '../container-watch.ts'
import type { Deploys } from '../deploy/deploys.ts'
import type { AppCheck } from '../draft-check.ts'
import type { Alongside } from '../operation-records.ts'
import type { Operations } from '../operations.ts'
import type { Runner } from '../operations/runners.ts'
import { nobody, type AppVersions } from '../versions/app-versions.ts'
import type { AppContents } from '../versions/version.ts'
import type { ImportAppInput, ImportPreview } from './import-input.ts'
import { lostMounts } from './kept-mounts.ts'
import { createMergeCheck } from './merge-check.ts'
import { createPreparing, type Prepared } from './prepared-import.ts'

/** Makes apps of Compose projects that run already, without touching their containers. */
export function createAppImport(deps: {
  clock: Clock
  engine: Engine
  compose: Pick<ComposeCli, 'resolve'>
  files: AppFiles
  disk: FileWatch
  watch: ContainerWatch
  operations: Operations
  check: AppCheck
  judge: (name: string, contents: AppContents, permit: Permit, refusals: string[]) => Promise<AppValidation>
  records: AppRecords
  versions: AppVersions
  work: AppWork
  deploy: Pick<AppDeploy, 'resolve'> & Pick<Deploys, 'adopt'>
  /** Holds what only this program may read. */
  dataDir: string
  /** The app could not be queued, so it does not exist. */
  onFailed: (row: AppRow) => void
}) {
  const { files, disk, records, watch } = deps
  /** While a project is looked at, its folder counts as the app's. */
  const taking = oneAtATimePerKey()
  const prepare = createPreparing(deps)
  const differenceOf = createMergeCheck(deps)

  /** Runs `use` with the project's folder as that of the app. Afterwards it is so only for an app. */
  async function placed<T>(input: ImportAppInput, use: (prepared: Prepared) => Promise<T>): Promise<T> {
    return taking.run(input.project, async () => {
      const away = watch.away()
      if (away !== null) throw new AppError('DOCKER_UNAVAILABLE', away)
      if (records.named(input.project)) throw taken(input.project)
      const prepared = await prepare(input)
      files.place(input.project, prepared.place)
      try {
        const problem = prepared.merged && (await differenceOf(input.project, prepared.contents, prepared.merged.from))
        return await use(problem === null ? prepared : await prepare(input, problem))
      } finally {
        if (!records.named(input.project)) files.place(input.project, null)
      }
    })
  }

  async function take({ project: name, allow, confirmFolder }: ImportAppInput, found: Prepared, author: string): Promise<AppOperation> {
    const { contents, folder, running } = found
    if (found.isElsewhere && confirmFolder !== folder) throw unconfirmed(folder)
    if (found.refusals.length > 0) throw invalidInput(found.refusals.map((message) => ({ field: 'environment', message })))
    refuseTooMuch(records.all(), contents.composeContent)
    if (found.content === null) {
      const there = folder === null ? await files.preparedCompose(name) : await files.compose(name)
      refusePrepared(name, there, { content: contents.composeContent, overwrite: false })
    }
    const { warnings, model, ...checked } = await deps.check.seen(name, contents, { allowances: [], allow, by: author })
    const lost = folder === null && running.workingDirectory ? lostMounts(model, found.setups, running.workingDirectory) : []
    if (lost.length > 0) throw invalidInput(lost.map((message) => ({ field: 'composeContent', message })))
    const id = randomUUID()
    const first = deps.versions.make(id, contents, { author, reason: 'Imported as it ran', ...checked }, null)
    const desiredState = running.containers.some(isUp) ? ('running' as const) : ('stopped' as const)
    const row = { ...newRow(id, { name }, first.current, deps.clock.now()), desiredState, place: found.place }
    const saveRow = records.add(row)
    const alongside: Alongside = async (transaction) => [await saveRow(transaction), await first.save(transaction)]
    disk.follow(name)
    return deps.work.enqueue('import', row, {}, { alongside, warnings }).catch((error: unknown) => {
      records.drop(id)
      deps.onFailed(row)
      throw error
    })
  }

  const run: Runner = async (row, _input, run) => {
    if (!files.hasFile(row.name)) {
      run.step(10, 'Writing the Compose file')
      await disk.during(row.name, () => files.write(row.name, row.composeContent))
    }
    run.step(40, 'Reading what runs')
    await deps.deploy.resolve(row, run.signal)
    await watch.refresh()
    await deps.deploy.adopt(row)
    return 'Imported. Nothing was restarted'
  }

  return {
    run,

    /** @throws NOT_FOUND, INVALID_INPUT, POLICY_VIOLATION, CONFLICT, DOCKER_UNAVAILABLE; in each case without changing anything */
    async importApp(input: ImportAppInput, author = nobody): Promise<AppOperation> {
      deps.operations.refuseWhenStopping()
      return placed(input, (found) => take(input, found, author))
    },

    /** What an import would make. Changes nothing. @throws NOT_FOUND, INVALID_INPUT, CONFLICT, DOCKER_UNAVAILABLE */
    preview: (input: ImportAppInput): Promise<ImportPreview> =>
      placed(input, async ({ contents, running, setups, ...found }) => {
        const { folder, isElsewhere: mustConfirm, isDrafted, merged, place } = found
        const problem = cutOrNull(found.problem, bounds.app.statusReason)
        const [{ file }, mergedFrom] = [place, (merged?.from ?? []).map((path) => cut(path, bounds.foundProjects.path))]
        const validation = await deps.judge(running.name, contents, { allowances: [], allow: input.allow }, found.refusals)
        const named = (isSecret: boolean) => contents.environment.flatMap(({ name, secret }) => (secret === isSecret ? name : []))
        const { composeContent } = contents
        const text = { file, composeContent, problem, isDrafted, mergedFrom }
        return { folder, mustConfirm, ...text, variables: named(false), secrets: named(true), validation }
      }),
  }
}

const taken = (name: string): AppError =>
  new AppError('CONFLICT', `This node already has an app named ${name}`, {
    fields: [{ field: 'project', message: 'is the name of an app' }],
  })

const unconfirmed = (folder: string | null): AppError =>
  invalidInput([
    {
      field: 'confirmFolder',
      message: `must be ${JSON.stringify(folder)}, the folder outside APPS_DIR that the app stays in. Who may change the app may read, mount and change what is in it`,
    },
  ])
