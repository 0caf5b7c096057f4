import type { EntityManager } from '../db/orm.ts'
import type { Clock } from '../clock.ts'
import type { ComposeCli, Engine, RegistryLogin } from '../docker/engine.types.ts'
import { AppError, invalidInput } from '../errors.ts'
import type { ImageReference } from '../image-reference.ts'
import type { Log } from '../log.ts'
import { createDraftValidation } from './compose/draft-validation.ts'
import type { NodeFacts } from './compose/node-facts.ts'
import { createAppCheck } from './draft-check.ts'
import { createAppCreation } from './app-creation.ts'
import { createAppImages } from './images/app-images.ts'
import type { ImageAnswer } from './images/image-state.ts'
import { createImageUpdating } from './images/update-images.ts'
import { createAppRecords } from './app-records.ts'
import { createAppResume } from './app-resume.ts'
import { checkDescription, refuseTooMuch } from './app-limits.ts'
import { createAppUpdate, type UpdateAppInput } from './app-update.ts'
import { createAppViews } from './app-views.ts'
import { createAppWork, type AppOperation } from './app-work.ts'
import type { App } from './app.ts'
import type { AppRow } from './app.entity.ts'
import type { AppPolicy } from './compose/policy/app-policy.ts'
import { createPermissions } from './compose/policy/permissions.ts'
import type { AppFiles } from './app-files.ts'
import type { ContainerWatch } from './container-watch.ts'
import { refuseUnseen } from './changed-on-disk.ts'
import type { ComposeFileWatch } from './compose-file-watch.ts'
import { createFolders } from './folders.ts'
import { foundProjects, type FoundProject } from './import/found-projects.ts'
import { createRestart } from './operations/restart.ts'
import { createRunners, type Runners } from './operations/runners.ts'
import type { Operations } from './operations.ts'
import type { Removal, RemoveAppInput } from './removal.ts'
import type { RemovalPreview } from './removal-item.ts'
import { createAppVersions, nobody } from './versions/app-versions.ts'
import { createJudgedDeploy } from './versions/judged-deploy.ts'
import type { Sealing } from './versions/sealed-contents.ts'

export type { CreateAppInput } from './app-creation.ts'
export type { UpdateAppInput } from './app-update.ts'
export type { AppOperation } from './app-work.ts'
export type { AppDraft } from './compose/draft-validation.ts'

export type AppService = ReturnType<typeof createAppService>

interface Deps {
  em: EntityManager
  nodeId: string
  /** Seals the secrets of apps. */
  box: Sealing
  clock: Clock
  engine: Engine
  compose: ComposeCli
  /** The safety policy. */
  look: AppPolicy
  files: AppFiles
  log: Log
  disk: ComposeFileWatch
  watch: ContainerWatch
  operations: Operations
  removal: Removal
  /** What registries said about an image on a platform. */
  answerOf: (image: ImageReference, platform: string) => ImageAnswer | null
  /** How to sign in to the registries of these images, for a pull. */
  loginsFor: (images: string[], alsoUsed: string[]) => Promise<RegistryLogin[]>
  facts: NodeFacts
  endLeftovers: () => Promise<void>
  onChange: (app: App) => void
  onRemoved: (appId: string) => void
}

/** This node's apps. */
export function createAppService(deps: Deps) {
  const check = createAppCheck(deps)
  const images = createAppImages({ ...deps, onRead: () => refreshAll() })
  const views = createAppViews({ ...deps, images })
  const records = createAppRecords({ ...deps, onSaved: views.tell })
  const versions = createAppVersions(deps)
  const permissions = createPermissions({ ...deps, records, versions, onAllowed: views.tell })
  const deploy = createJudgedDeploy({
    ...deps,
    compose: permissions.compose,
    versions,
    records,
    loginsFor: (of) => deps.loginsFor(of, records.images()),
  })
  const work = createAppWork({ ...deps, records, views, runners: () => runners })
  const update = createAppUpdate({ ...deps, check, versions, records, work, deploy, permissions })
  const forget = ({ id, name }: AppRow): void => {
    deps.disk.forget(name)
    if (views.forget(id)) deps.onRemoved(id)
  }
  const create = createAppCreation({ ...deps, check, records, versions, work, deploy, onFailed: forget })
  const imageUpdating = createImageUpdating({ ...deps, records, deploy, work, images })
  const simple = createRunners({ ...deps, deploy, records, versions, onRemoved: forget })
  const runners: Runners = { ...simple, ...update.runners, create: create.run, update_images: imageUpdating.run }
  const resume = createAppResume({ ...deps, ...views, records, versions, work, deploy, permissions, onResolved: views.tell })

  function refreshAll(): void {
    for (const row of records.all()) {
      views.tell(row)
      resume.rememberStopped(row)
    }
  }

  return {
    start: resume.start,

    stop(): void {
      resume.stop()
      views.stop()
      deps.disk.stop()
    },

    ...createFolders({ files: deps.files, records }),

    /** Compose projects on this machine that are not this node's apps. @throws DOCKER_UNAVAILABLE */
    async composeProjects(): Promise<FoundProject[]> {
      const away = deps.watch.away()
      if (away !== null) throw new AppError('DOCKER_UNAVAILABLE', away)
      return foundProjects(deps.watch.all(), ({ project, workingDir }) => {
        const row = records.named(project ?? '')
        return row !== undefined && workingDir === deps.files.directoryOf(row.name)
      })
    },

    /** Called when an app's Compose file has changed on disk. */
    refresh(name: string): void {
      const row = records.named(name)
      if (row) views.tell(row)
    },

    /** Saves what could not be saved earlier. */
    flush: (): Promise<void> => records.flush(),

    /** Called when Docker's containers have changed. */
    refreshAll,

    /** Called when registries have said something about images. */
    imagesChecked(): void {
      images.readAgain()
      refreshAll()
    },

    list: (): App[] => records.all().map(views.view),

    get: (id: string): App => views.view(records.get(id)),

    create: create.create,
    versions,

    /** Checks a draft and changes nothing. */
    validate: createDraftValidation({ ...deps, permissions, records }),

    /** @throws NOT_FOUND, INVALID_INPUT, CONFLICT, DOCKER_UNAVAILABLE; in each case without changing anything */
    async update(id: string, input: UpdateAppInput, author = nobody): Promise<AppOperation> {
      const row = records.get(id)
      const problems = checkDescription(input.description)
      if (problems.length > 0) throw invalidInput(problems)
      refuseTooMuch(
        records.all().filter((each) => each !== row),
        input.composeContent ?? '',
      )
      const operation = await update.update(row, input, author)
      return { app: views.view(row), operation }
    },

    /** @throws NOT_FOUND, CONFLICT, INVALID_INPUT, DOCKER_UNAVAILABLE; in each case without changing anything */
    async rollbackApp(id: string, version: number, author = nobody): Promise<AppOperation> {
      const row = records.get(id)
      return { operation: await update.rollback(row, version, author), app: views.view(row) }
    },

    async startApp(id: string): Promise<AppOperation> {
      const found = records.get(id)
      refuseUnseen(found, await deps.disk.look(found.name))
      return work.enqueueWish('start', id)
    },

    updateImages: imageUpdating.updateImages,

    ...createRestart({ ...deps, records, work, containersOf: views.containersOf }),

    stopApp: async (id: string): Promise<AppOperation> => work.enqueueWish('stop', id),

    /** What a removal would delete and keep. */
    removalOf: async (id: string): Promise<RemovalPreview> => deps.removal.preview(records.get(id)),

    /** Removes containers, networks, the files this program wrote, and the record. Deletes data only when `input` asks for it. */
    removeApp: async (id: string, { volumes, files: all }: RemoveAppInput = {}): Promise<AppOperation> =>
      work.enqueueWish('remove', id, { volumes, files: all }),
  }
}
