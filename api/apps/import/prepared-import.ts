import type { ContainerSetup, Engine } from '../../docker/engine.types.ts'
import { AppError, invalidInput } from '../../errors.ts'
import type { AppFiles } from '../app-files.ts'
import type { ContainerWatch } from '../container-watch.ts'
import { findEnv } from '../environment/env-on-disk.ts'
import { withFoundEnv } from '../environment/project-input.ts'
import { changedContents, noContents } from '../versions/contents-input.ts'
import type { AppContents } from '../versions/version.ts'
import { importFolderOf, notMerged, refusalOfFolder, type ImportFolder } from './import-folder.ts'
import type { ImportAppInput } from './import-input.ts'
import { runningProject, type RunningProject } from './import-project.ts'
import { draftOf } from './running-draft.ts'
import { usedProfiles, usedSecrets } from './used-parts.ts'

/** What a project would be as an app. */
export interface Prepared extends ImportFolder {
  running: RunningProject
  setups: ContainerSetup[]
  contents: AppContents
  /** What is wrong with the environment. */
  refusals: string[]
  isDrafted: boolean
}

/** Reads what a project would be as an app, from its folder and its containers. */
export function createPreparing(deps: { engine: Engine; files: AppFiles; watch: ContainerWatch; dataDir: string }) {
  /** @param difference why the project's files cannot be merged, if Compose was asked already */
  return async function prepare(input: ImportAppInput, difference: string | null = null): Promise<Prepared> {
    const running = runningProject(deps.watch.all(), input)
    const { appsDir } = deps.files
    const folder = withoutMerge(await importFolderOf(running, appsDir), difference)
    const refusal = folder.isElsewhere && folder.folder ? await refusalOfFolder(folder.folder, [deps.dataDir, appsDir]) : null
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
    const merged = given === null || given === folder.merged?.content ? folder.merged : null
    const own = folder.content ?? merged?.content ?? null
    const composeContent = own ?? given ?? draft.content
    const secrets = own === null ? usedSecrets(composeContent, draft.variables, input.environment ?? []) : []
    const before = { ...noContents, profiles: usedProfiles(composeContent, setups) }
    const asked = changedContents(before, { composeContent, environment: [...(input.environment ?? []), ...secrets] })
    return { ...folder, merged, running, setups, isDrafted: own === null && given === null, ...(await withEnv(asked, folder)) }
  }
}

function withoutMerge(folder: ImportFolder, difference: string | null): ImportFolder {
  if (difference === null || folder.merged === null) return folder
  return { ...folder, merged: null, problem: notMerged(folder.merged.from, difference) }
}

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
