import { randomUUID } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import type { ContainerSetup, Engine } from '../../docker/engine.types.ts'
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
import { findEnv } from '../environment/env-on-disk.ts'
import { withFoundEnv } from '../environment/project-input.ts'
import type { Alongside } from '../operation-records.ts'
import type { Operations } from '../operations.ts'
import type { Runner } from '../operations/runners.ts'
import { nobody, type AppVersions } from '../versions/app-versions.ts'
import { changedContents, noContents } from '../versions/contents-input.ts'
import type { AppContents } from '../versions/version.ts'
import { importFolderOf, refusalOfFolder, type ImportFolder } from './import-folder.ts'
import type { ImportAppInput, ImportPreview } from './import-input.ts'
import { runningProject, type RunningProject } from './import-project.ts'
import { lostMounts } from './kept-mounts.ts'
import { draftOf } from './running-draft.ts'
import { usedProfiles, usedSecrets } from './used-parts.ts'

/** What a project would be as an app. */
interface Prepared extends ImportFolder {
  running: RunningProject
  setups: ContainerSetup[]
  contents: AppContents
  /** What is wrong with the environment. */
  refusals: string[]
  isDrafted: boolean
}

/** Makes apps of Compose projects that run already, without touching their containers. */
export function createAppImport(deps: {
  clock: Clock
  engine: Engine
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

  async function prepare(input: ImportAppInput): Promise<Prepared> {
    const running = runningProject(watch.all(), input)
    const folder = await importFolderOf(running, files.appsDir)
    const refusal = folder.isElsewhere && folder.folder ? await refusalOfFolder(folder.folder, [deps.dataDir, files.appsDir]) : null
    if (refusal) {
      throw new AppError(
        'CONFLICT',
        `${folder.folder} ${refusal}, and who may change an app may read and change all of its folder. Move the project to a folder of its own first`,
      )
    }
    const given = input.composeContent ?? null
    if (given !== null && folder.content !== null && given !== folder.content) {
      const message =
        'is not taken, because the project has a Compose file that can be read. Leave it out, and change the file once it is an app'
      throw invalidInput([{ field: 'composeContent', message }])
    }
    const setups = await setupsOf(deps.engine, running)
    const ids = new Map(running.containers.map(({ id, service }) => [id, service]))
    const draft = draftOf(running.name, setups, (id) => ids.get(id))
    const composeContent = folder.content ?? given ?? draft.content
    const secrets = folder.content === null ? usedSecrets(composeContent, draft.variables, input.environment ?? []) : []
    const before = { ...noContents, profiles: usedProfiles(composeContent, setups) }
    const asked = changedContents(before, { composeContent, environment: [...(input.environment ?? []), ...secrets] })
    return { ...folder, running, setups, isDrafted: folder.content === null && given === null, ...(await withEnv(asked, folder)) }
  }

  /** Runs `use` with the project's folder as that of the app. Afterwards it is so only for an app. */
  async function placed<T>(input: ImportAppInput, use: (prepared: Prepared) => Promise<T>): Promise<T> {
    return taking.run(input.project, async () => {
      const away = watch.away()
      if (away !== null) throw new AppError('DOCKER_UNAVAILABLE', away)
      if (records.named(input.project)) throw taken(input.project)
      const prepared = await prepare(input)
      files.place(input.project, prepared.place)
      try {
        return await use(prepared)
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
        const { folder, isElsewhere: mustConfirm, isDrafted, problem, place } = found
        const { file } = place
        const validation = await deps.judge(running.name, contents, { allowances: [], allow: input.allow }, found.refusals)
        const named = (isSecret: boolean) => contents.environment.flatMap(({ name, secret }) => (secret === isSecret ? name : []))
        const { composeContent } = contents
        return { folder, mustConfirm, file, composeContent, problem, isDrafted, variables: named(false), secrets: named(true), validation }
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

async function withEnv(contents: AppContents, { folder }: ImportFolder): Promise<Pick<Prepared, 'contents' | 'refusals'>> {
  try {
    return { contents: withFoundEnv(contents, folder === null ? null : await findEnv(folder)), refusals: [] }
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'INVALID_INPUT') throw error
    return { contents, refusals: error.fields.map(({ message }) => message) }
  }
}

/** One container of each service. */
async function setupsOf(engine: Engine, { containers }: RunningProject): Promise<ContainerSetup[]> {
  const first = new Map(containers.toReversed().map(({ service, id }) => [service, id]))
  const setups = await Promise.all([...first.values()].toSorted().map((id) => engine.setup(id)))
  return setups.filter((setup) => setup !== null).toSorted((a, b) => (a.service < b.service ? -1 : 1))
}
