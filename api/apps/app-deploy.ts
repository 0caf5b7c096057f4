import type { ComposeCommand, ComposeProject, RegistryLogin } from '../docker/engine.types.ts'
import type { Log } from '../log.ts'
import type { AppRow } from './app.entity.ts'
import type { AppFiles } from './app-files.ts'
import type { AppRecords } from './app-records.ts'
import { placed } from './compose-problem.ts'
import type { OperationRun } from './operation-run.ts'
import type { Removal } from './removal.ts'
import { createAppProjects } from './environment/app-projects.ts'
import type { GuardedCompose } from './compose/policy/guarded-compose.ts'
import { activeProfiles, type ProjectInput } from './environment/project-input.ts'
import type { AppVersions } from './versions/app-versions.ts'
import { builtServices } from './deploy/built-services.ts'
import { wantedServices } from './wanted-services.ts'

export type AppDeploy = ReturnType<typeof createAppDeploy>

/** Without the images of `compose.selfhostly.yaml`: a registry knows those of the person's file, and a build makes them. */
const withoutPins = <Project extends ComposeProject>({ overlay: _, ...project }: Project): Omit<Project, 'overlay'> => project

/** What Compose does with an app: read its file and bring its containers up. `deploy/` decides what follows. */
export function createAppDeploy(deps: {
  compose: GuardedCompose
  files: AppFiles
  versions: AppVersions
  removal: Pick<Removal, 'mendReplaced' | 'removeDuplicateNetworks' | 'removeStranded'>
  records: Pick<AppRecords, 'all' | 'remember'>
  log: Log
  /** How to sign in to the registries of these images. */
  loginsFor: (images: string[]) => Promise<RegistryLogin[]>
}) {
  const { compose, files, records } = deps
  const projects = createAppProjects(deps)

  /** Saves the services that a resolved file asks for. */
  async function rememberWanted(row: AppRow, model: unknown, project: ComposeProject & ProjectInput): Promise<void> {
    const services = wantedServices(model, activeProfiles(project))
    // This is stored as it is, and an image can be named by a secret.
    const wanted = services?.map((service) => ({ ...service, image: service.image && project.mask(service.image) })) ?? null
    await records.remember(row, { wanted })
  }

  /** Does that with the file in the app's folder. Keeps the known ones when Compose refuses the file. */
  async function resolve(row: AppRow, signal: AbortSignal): Promise<void> {
    if (!files.hasFile(row.name)) return
    try {
      const project = withoutPins(await projects.of(row))
      await rememberWanted(row, await compose.model(project, signal), project)
    } catch (error) {
      signal.throwIfAborted()
      deps.log.debug({ err: error, app: row.name }, "could not read an app's wanted services")
    }
  }

  async function runCompose(row: AppRow, command: ComposeCommand, run: OperationRun, services: string[] = []): Promise<void> {
    const project = await projects.of(row)
    // People and registries know the images of the person's file, not those that are pinned.
    if (command === 'up' && project.overlay !== undefined) await resolve(row, run.signal)
    await compose.run(command === 'up' ? project : withoutPins(project), command, {
      onLine: run.line,
      onWarning: (remark) => placed(row.composeContent, [remark]).forEach(run.warn),
      signal: run.signal,
      services,
      async prepare(model) {
        if (command === 'up' && project.overlay === undefined) await rememberWanted(row, model, project)
        return { logins: await deps.loginsFor((row.wanted ?? []).flatMap(({ image }) => image ?? [])) }
      },
    })
  }

  /** Builds the images again that are made of these files. Unchanged parts come from Docker's cache. */
  async function build(row: AppRow, paths: string[], run: OperationRun): Promise<void> {
    const project = withoutPins(await projects.of(row))
    const model = await compose.model(project, run.signal)
    const active = wantedServices(model, activeProfiles(project))?.map(({ name }) => name)
    const built = builtServices(model, files.directoryOf(row.name), paths).filter((name) => active?.includes(name))
    if (built.length === 0) return
    run.step(15, 'Building images')
    await runCompose(row, 'build', run, built)
  }

  async function up(row: AppRow, run: OperationRun): Promise<void> {
    await projects.writeEnv(row)
    await deps.removal.mendReplaced(row, run)
    run.step(20, 'Starting containers')
    await runCompose(row, 'up', run).catch(async (error: unknown) => {
      if (run.signal.aborted || !(await deps.removal.removeDuplicateNetworks(row, run))) throw error
      await runCompose(row, 'up', run)
    })
    if (await deps.removal.removeStranded(row, run)) await runCompose(row, 'up', run)
  }

  return {
    maskOf: projects.maskOf,
    runCompose,
    resolve,
    build,
    up,

    /** Apps deployed by an earlier version have no wanted services saved. */
    async resolveUnknown(signal: AbortSignal, onResolved: (row: AppRow) => void): Promise<void> {
      for (const row of records.all().filter(({ wanted }) => !wanted)) {
        if (signal.aborted) return
        await resolve(row, signal)
        onResolved(row)
      }
    },
  }
}
