import type { EngineContainer } from '../docker/engine.types.ts'
import { AppError, invalidInput } from '../errors.ts'
import { checkDeadline, checkDescription, refuseTooMuch } from './app-limits.ts'
import { createAppParts, type AppServiceDeps } from './app-parts.ts'
import type { RollbackAppInput, UpdateAppInput } from './app-update.ts'
import type { AppOperation } from './app-work.ts'
import type { App } from './app.ts'
import type { DeployOptions } from './deploy/deploys.ts'
import { foundProjects, type FoundProject } from './import/found-projects.ts'
import type { RemoveAppInput } from './removal.ts'
import type { RemovalPreview } from './removal-item.ts'
import { nobody } from './versions/app-versions.ts'
import type { FileOnDisk } from './versions/files-on-disk.ts'
import type { AppContents, AppVersionHead, VersionPage } from './versions/version.ts'

export type { CreateAppInput } from './app-creation.ts'
export type { UpdateAppInput } from './app-update.ts'
export type { AppOperation } from './app-work.ts'
export type { AppDraft } from './compose/draft-validation.ts'

export type AppService = ReturnType<typeof createAppService>

/** This node's apps. */
export function createAppService(deps: AppServiceDeps) {
  const { files, disk, removal } = deps
  const {
    images,
    masks,
    views,
    records,
    versions,
    deploying,
    work,
    update,
    create,
    importing,
    imageUpdating,
    updatingAlone,
    restart,
    folders,
    resume,
    validate,
    refreshAll,
    recordedFiles,
    undecided,
  } = createAppParts(deps)

  const isOwn = (container: EngineContainer): boolean =>
    container.project !== null && records.named(container.project) !== undefined && files.isOf(container.project, container)

  return {
    start: resume.start,

    stop(): void {
      resume.stop()
      deploying.stop()
      views.stop()
      disk.stop()
    },

    ...folders,

    /** Compose projects on this machine that are not this node's apps. @throws DOCKER_UNAVAILABLE */
    async composeProjects(): Promise<FoundProject[]> {
      const away = deps.watch.away()
      if (away !== null) throw new AppError('DOCKER_UNAVAILABLE', away)
      return foundProjects(deps.watch.all(), isOwn)
    },

    /** What the further files of the app with this name hold. */
    recordedFiles,

    /** Those that differ on disk, without what is in secret ones. @throws NOT_FOUND */
    changedFiles: (id: string): Promise<FileOnDisk[]> => undecided.shown(records.get(id)),

    /** Called when an app's files have changed on disk. */
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

    /** Names and files only, which costs less than `list`. */
    named: () => records.all().map(({ id, name, composeContent }) => ({ id, name, composeContent })),

    /** Hides an app's secrets in what Docker says. */
    maskOf(id: string): (text: string) => string {
      const row = records.find(id)
      return row ? masks.of(row) : (text) => text
    },

    create: create.create,

    createAgain: create.createAgain,

    /** The current version in plain, for the primary's copy. @throws NOT_FOUND */
    async copyOf(id: string): Promise<{ version: number; contents: AppContents }> {
      const { version } = records.get(id)
      return { version, contents: await versions.contents(id, version) }
    },

    importApp: importing.importApp,
    previewImport: importing.preview,

    /** Checks a draft and changes nothing. */
    validate,

    /** @throws NOT_FOUND, INVALID_INPUT, CONFLICT, DOCKER_UNAVAILABLE; in each case without changing anything */
    async update(id: string, input: UpdateAppInput, author = nobody): Promise<AppOperation> {
      const row = records.get(id)
      const problems = [...checkDescription(input.description), ...checkDeadline(input.deadlineSeconds)]
      if (problems.length > 0) throw invalidInput(problems)
      refuseTooMuch(
        records.all().filter((each) => each !== row),
        input.composeContent ?? '',
      )
      const operation = await update.update(row, input, author)
      return { app: views.view(row), operation }
    },

    /** @throws NOT_FOUND, CONFLICT, INVALID_INPUT, DOCKER_UNAVAILABLE; in each case without changing anything */
    async rollbackApp(id: string, input: RollbackAppInput, author = nobody): Promise<AppOperation> {
      const row = records.get(id)
      return { operation: await update.rollback(row, input, author), app: views.view(row) }
    },

    versions,

    /** Without their contents, newest first. @throws NOT_FOUND */
    async listVersions(id: string, page: { before?: number | undefined; most: number }): Promise<VersionPage> {
      const found = await versions.list(id, page)
      const copied = await deploying.copiedBefore(id)
      return { ...found, versions: found.versions.map((each) => ({ ...each, volumesCopied: copied.includes(each.number) })) }
    },

    /** Without the values of secrets. @throws NOT_FOUND */
    async showVersion(id: string, number: number): Promise<AppVersionHead> {
      const shown = await versions.shown(id, number)
      return { ...shown, volumesCopied: (await deploying.copiedBefore(id)).includes(number) }
    },

    async startApp(
      id: string,
      { rollback, deadlineSeconds }: Pick<DeployOptions, 'rollback' | 'deadlineSeconds'> = {},
    ): Promise<AppOperation> {
      const found = records.get(id)
      await undecided.refuseUnseen(found)
      return work.enqueueWish('start', id, { rollback, deadlineSeconds })
    },

    /** @throws NOT_FOUND, CONFLICT when no copy from before this version is kept, DOCKER_UNAVAILABLE */
    async restoreVolumes(id: string, copiedBefore: number): Promise<AppOperation> {
      const row = records.get(id)
      await deploying.restoreVolumes.refuseMissing(row, copiedBefore)
      return work.enqueue('restore_volumes', row, { copiedBefore })
    },

    updateImages: imageUpdating.updateImages,
    updatingAlone,

    ...restart,

    stopApp: async (id: string): Promise<AppOperation> => work.enqueueWish('stop', id),

    /** What a removal would delete and keep. */
    async removalOf(id: string): Promise<RemovalPreview> {
      const row = records.get(id)
      const hide = masks.of(row)
      const preview = await removal.preview(row, (await versions.contents(id, row.version)).files)
      const items = preview.items.map((item) => ({ ...item, name: hide(item.name), detail: item.detail && hide(item.detail) }))
      return { ...preview, items }
    },

    /** Removes containers, networks, the files this program wrote, and the record. Deletes data only when `input` asks for it. */
    removeApp: async (id: string, { volumes, files: all }: RemoveAppInput = {}): Promise<AppOperation> =>
      work.enqueueWish('remove', id, { volumes, files: all }),
  }
}
