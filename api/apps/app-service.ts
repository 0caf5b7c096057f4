import { randomUUID } from 'node:crypto'
import type { EntityManager } from '../db/orm.ts'
import type { Clock } from '../clock.ts'
import type { ComposeCli, ComposeCommand, Engine } from '../docker/engine.types.ts'
import { AppError, errorMessage, invalidInput, notFound } from '../errors.ts'
import type { Log } from '../log.ts'
import { AppEntity, type AppRow } from './app.entity.ts'
import type { App, AppDesiredState, Container } from './app.ts'
import { createAppCheck } from './app-check.ts'
import { composeFile, type AppFiles } from './app-files.ts'
import { createAppUpdate, type AppPatch, type UpdateAppInput } from './app-update.ts'
import { withinBounds } from './app-bounds.ts'
import { checkDescription, checkRoom } from './app-room.ts'
import { bounds, cut } from '../bounds.ts'
import { nextChangeAt, statusOf } from './app-status.ts'
import type { ContainerFacts } from './container-facts.ts'
import { checkAppName, checkComposeContent } from './compose-file.ts'
import type { ComposeOnDisk, PreparedFolder } from './compose-on-disk.ts'
import { placed, type ComposeProblem } from './compose-problem.ts'
import type { ContainerWatch } from './container-watch.ts'
import { refusePrepared, refuseUnseen } from './disk-rules.ts'
import type { DiskWatch } from './disk-watch.ts'
import { failureWords, isWithdrawn, type Operation, type OperationKind } from './operation.ts'
import type { Alongside, OperationRun, Operations } from './operations.ts'
import type { Removal, RemoveAppInput } from './removal.ts'
import type { RemovalPreview } from './removal-item.ts'
import { createStatusTimers } from './status-timers.ts'
import { activeProfiles, wantedServices } from './wanted-services.ts'
import { createWishes, type Wish } from './wishes.ts'

export interface CreateAppInput {
  name: string
  description?: string | null | undefined
  composeContent: string
  /** Overwrite a different Compose file that is already in the folder. */
  overwriteFile?: boolean | null | undefined
}

export type { UpdateAppInput } from './app-update.ts'

export interface AppOperation {
  app: App
  operation: Operation
}

const nameTaken = (name: string): AppError =>
  new AppError('CONFLICT', `This node already has an app named ${name}`, { fields: [{ field: 'name', message: 'is taken' }] })

export type AppService = ReturnType<typeof createAppService>

/** This node's apps. */
export function createAppService(deps: {
  em: EntityManager
  nodeId: string
  clock: Clock
  engine: Engine
  compose: ComposeCli
  files: AppFiles
  log: Log
  disk: DiskWatch
  watch: ContainerWatch
  operations: Operations
  removal: Removal
  onChange: (app: App) => void
  onRemoved: (appId: string) => void
}) {
  const { em, clock, compose, files, disk, watch, operations, removal } = deps
  const check = createAppCheck(deps)
  /** This process is the only one that writes these rows, so they are read once and kept in memory. */
  const rows = new Map<string, AppRow>()
  /** Names of new apps that are still being checked and have no row yet. */
  const claimed = new Set<string>()
  /** What `onChange` was last called with, by app, to skip events that change nothing. */
  const told = new Map<string, string>()
  const timers = createStatusTimers({ clock, onDue: (id) => tellOf(id) })
  const wishes = createWishes()
  const stopping = new AbortController()
  /** Operations that have ended but whose result has not been read from Docker yet. Until then the app keeps the operation's status. */
  const ending = new Map<string, OperationKind>()

  const containersOf = (row: AppRow): ContainerFacts[] => watch.inDirectory(files.directoryOf(row.name))
  /** Apps whose last outcome could not be saved, for example because the disk is full. */
  const unsaved = new Set<string>()

  function view(row: AppRow): App {
    const active = operations.activeOf(row.id)
    const containers = containersOf(row)
    const { status, statusReason } = statusOf({
      desiredState: row.desiredState,
      activeOperation: active?.kind ?? ending.get(row.id) ?? null,
      lastFailure: row.lastError && row.lastFailedKind ? { kind: row.lastFailedKind, reason: row.lastError } : null,
      containers,
      wanted: row.wanted ?? null,
      dockerAvailable: watch.away() ?? true,
      now: clock.now(),
    })
    const { id, name, description, composeContent, version, desiredState, createdAt, updatedAt } = row
    const asOf = watch.asOf()
    return withinBounds({
      id,
      nodeId: deps.nodeId,
      name,
      description,
      composeContent,
      version,
      // An app has no file before its first deployment.
      changedOnDisk: active?.kind !== 'create' && disk.differs(name, composeContent),
      desiredState,
      status,
      statusReason,
      containers: containers.map(shown),
      moreContainers: 0,
      asOf,
      createdAt,
      updatedAt,
    })
  }

  function tell(row: AppRow): void {
    const app = view(row)
    timers.set(row.id, nextChangeAt({ containers: containersOf(row), now: clock.now() }))
    const facts = JSON.stringify({ ...app, asOf: null })
    if (told.get(app.id) === facts) return
    told.set(app.id, facts)
    deps.onChange(app)
  }

  function tellOf(id: string): void {
    const row = rows.get(id)
    if (row) tell(row)
  }

  const rowOf = (id: string): AppRow => {
    const row = rows.get(id)
    if (!row) throw notFound('app', id)
    return row
  }

  /**
   * Writes only the fields in `patch`, because another save may be writing the others. `write` can save something else in the same
   * transaction.
   */
  async function saveWith<T>(row: AppRow, patch: AppPatch, write: (save: Alongside) => Promise<T>): Promise<T> {
    // An operation queued earlier may have removed the app.
    if (!rows.has(row.id)) throw notFound('app', row.id)
    const change = { ...patch, updatedAt: clock.now() }
    // The database first: memory must not show what could not be saved.
    const result = await write((transaction) => transaction.nativeUpdate(AppEntity, { id: row.id }, change))
    Object.assign(row, change)
    tell(row)
    return result
  }

  async function save(row: AppRow, patch: AppPatch): Promise<void> {
    await saveWith(row, patch, (write) => write(em.fork()))
  }

  /** Saves facts about an app that people do not edit. */
  async function remember(row: AppRow, patch: Partial<Pick<AppRow, 'wanted' | 'stoppedContainers'>>): Promise<void> {
    if (!rows.has(row.id)) return
    Object.assign(row, patch)
    // Not an upsert, which would bring back an app that was just removed.
    await em.fork().nativeUpdate(AppEntity, { id: row.id }, patch)
  }

  /** Saves the services that the file in the app's folder asks for. Keeps the known ones when Compose refuses the file. */
  async function resolve(row: AppRow, signal: AbortSignal): Promise<void> {
    if (!files.hasFile(row.name)) return
    try {
      const model = await compose.model(files.projectOf(row.name), signal)
      await remember(row, { wanted: wantedServices(model, activeProfiles(await files.readEnv(row.name))) })
    } catch (error) {
      signal.throwIfAborted()
      deps.log.debug({ err: error, app: row.name }, "could not read an app's wanted services")
    }
  }

  /** Apps deployed by an earlier version have no wanted services saved. */
  async function resolveUnknown(): Promise<void> {
    for (const row of [...rows.values()].filter(({ wanted }) => !wanted)) {
      if (stopping.signal.aborted) return
      await resolve(row, stopping.signal)
      tell(row)
    }
  }

  async function hideComposeFiles(): Promise<void> {
    for (const { name, composeContent } of rows.values()) {
      await files.hideFromOthers(name, composeContent).catch((error: unknown) => {
        const advice = `other users of this machine can read it. As its owner, run: chmod o-rwx '${files.directoryOf(name)}/${composeFile}'`
        deps.log.warn({ app: name, error: errorMessage(error) }, `an app's Compose file could not be made private: ${advice}`)
      })
    }
  }

  /** Docker reports only once that someone stopped a container, so this is saved in case the program restarts. */
  function rememberStopped(row: AppRow): void {
    const isAsked = row.desiredState === 'stopped'
    const now = isAsked ? [] : containersOf(row).flatMap(({ id, wasStopped }) => (wasStopped ? id : []))
    if (watch.away() !== null || now.join() === (row.stoppedContainers ?? []).join()) return
    remember(row, { stoppedContainers: now }).catch((error: unknown) => deps.log.error({ err: error, app: row.name }, 'app not saved'))
  }

  async function checkNameIsFree(name: string): Promise<void> {
    if ([...rows.values()].some((row) => row.name === name)) throw nameTaken(name)
    if (watch.all().some((container) => container.project === name)) {
      throw new AppError(
        'CONFLICT',
        `This node's Docker Engine already has a Compose project named ${name} that Selfhostly does not manage`,
        {
          fields: [{ field: 'name', message: 'is the name of another Compose project on this Docker Engine' }],
        },
      )
    }
    if (await files.isBlocked(name)) {
      throw new AppError('CONFLICT', `APPS_DIR on this node already has a file named ${name}, so the app's folder cannot be created`, {
        fields: [{ field: 'name', message: 'is the name of a file in APPS_DIR' }],
      })
    }
  }

  /** Queues work on an app and saves its outcome before the app's next operation starts. */
  async function enqueue(
    kind: OperationKind,
    row: AppRow,
    work: (run: OperationRun) => Promise<string | void>,
    more: { warnings?: ComposeProblem[]; onEnd?: () => void; alongside?: Alongside; wish?: Wish } = {},
  ): Promise<AppOperation> {
    const { wish, ...others } = more
    const onRow = async (run: OperationRun): Promise<string | void> => {
      if (wish) wishes.settle(row.id, wish)
      if (!rows.has(row.id)) throw notFound('app', row.id)
      return work(run)
    }
    const after = async (ended: Operation): Promise<void> => {
      more.onEnd?.()
      if (wish) wishes.settle(row.id, wish)
      if (!rows.has(row.id)) return
      // It changed nothing. Only an app that was never created shows why it has no containers.
      if (isWithdrawn(ended) && kind !== 'create') return unsaved.has(row.id) ? saveUnsaved(row.id) : undefined
      // Set before Docker is read, or the new state would be shown with the reason of an earlier failure.
      const failed = ended.status !== 'succeeded'
      row.lastError = failed ? cut(failureWords(kind, ended), bounds.app.statusReason) : null
      row.lastFailedKind = failed ? kind : null
      unsaved.add(row.id)
      ending.set(row.id, kind)
      await watch.refresh().finally(() => ending.delete(row.id))
      tell(row)
      await saveUnsaved(row.id)
    }
    const withdraw = (): Alongside => withdrawn(row, wish)
    const operation = await operations.enqueue(kind, row, onRow, after, { ...others, withdraw })
    tell(row)
    return { app: view(row), operation }
  }

  async function saveUnsaved(id: string): Promise<void> {
    const row = rows.get(id)
    if (row) await save(row, { desiredState: row.desiredState, lastError: row.lastError, lastFailedKind: row.lastFailedKind ?? null })
    unsaved.delete(id)
  }

  /** Goes back to the desired state without an operation that was cancelled before it started. @returns what saves that */
  function withdrawn(row: AppRow, wish: Wish | undefined): Alongside {
    const desiredState = (wish && wishes.withdraw(row.id, wish)) ?? row.desiredState
    if (desiredState !== row.desiredState) {
      row.desiredState = desiredState
      unsaved.add(row.id)
    }
    if (rows.has(row.id)) tell(row)
    return async (transaction) => void (wish && (await transaction.nativeUpdate(AppEntity, { id: row.id }, { desiredState })))
  }

  const runCompose = (row: AppRow, command: ComposeCommand, run: OperationRun): Promise<void> =>
    compose.run(files.projectOf(row.name), command, {
      onLine: run.line,
      onWarning: (remark) => placed(row.composeContent, [remark]).forEach(run.warn),
      signal: run.signal,
    })

  async function up(row: AppRow, run: OperationRun): Promise<void> {
    await resolve(row, run.signal)
    run.step(20, 'Starting containers')
    await runCompose(row, 'up', run).catch(async (error: unknown) => {
      if (run.signal.aborted || !(await removal.removeDuplicateNetworks(row, run))) throw error
      await runCompose(row, 'up', run)
    })
  }

  const update = createAppUpdate({
    ...{ ...deps, check, save, up, runCompose },
    shouldRun: ({ id, desiredState }) => (wishes.now(id) ?? desiredState) === 'running',
    enqueue: async (row, work, more) => (await enqueue('update', row, work, more)).operation,
    note: (row, patch, message) => saveWith(row, patch, (alongside) => operations.note('update', row, message, alongside)),
  })

  /** Like `enqueue`, and saves the desired state in the same transaction, so it is never saved without the work that makes it true. */
  async function enqueueWish(
    kind: OperationKind,
    { id, desiredState }: { id: string; desiredState: AppDesiredState },
    work: (row: AppRow, run: OperationRun) => Promise<string | void>,
  ): Promise<AppOperation> {
    const row = rowOf(id)
    await deps.engine.info()
    const begin = (run: OperationRun): Promise<string | void> => work(row, run)
    const wish = { desiredState }
    wishes.add(id, wish, row.desiredState)
    const queued = await saveWith(row, { desiredState }, (alongside) => enqueue(kind, row, begin, { alongside, wish })).catch(
      (error: unknown) => {
        wishes.withdraw(id, wish)
        throw error
      },
    )
    return { ...queued, app: view(row) }
  }

  return {
    async start(): Promise<void> {
      await files.removeDrafts()
      for (const row of await em.fork().find(AppEntity, {})) rows.set(row.id, row)
      for (const operation of await operations.start()) {
        const row = operation.appId ? rows.get(operation.appId) : undefined
        if (row) await save(row, { lastError: failureWords(operation.kind, operation), lastFailedKind: operation.kind })
      }
      await hideComposeFiles()
      disk.start([...rows.values()].map(({ name }) => name))
      watch.restoreStopped([...rows.values()].flatMap(({ stoppedContainers }) => stoppedContainers ?? []))
      resolveUnknown().catch((error: unknown) => {
        if (!stopping.signal.aborted) deps.log.error({ err: error }, "could not read the apps' wanted services")
      })
    },

    stop(): void {
      stopping.abort()
      timers.stop()
      disk.stop()
    },

    /** Folders that are not empty and not an app yet, for example with a `.env` file. */
    async preparedFolders(): Promise<PreparedFolder[]> {
      const taken = new Set([...rows.values()].map(({ name }) => name))
      const names = (await files.folders()).filter((name) => !taken.has(name))
      return Promise.all(names.map(async (name) => ({ name, composeFile: (await files.preparedCompose(name))?.file ?? null })))
    },

    /** The Compose file in the folder of this name, whether or not it is an app's; null when there is none. */
    async composeOnDisk(name: string): Promise<ComposeOnDisk | null> {
      refuseName(name)
      const isApp = [...rows.values()].some((row) => row.name === name)
      const found = await (isApp ? files.compose(name) : files.preparedCompose(name))
      return found && { file: found.file, content: found.content, problem: found.problem }
    },

    /** Called when an app's Compose file has changed on disk. */
    refresh(name: string): void {
      for (const row of rows.values()) if (row.name === name) tell(row)
    },

    /** Saves what could not be saved earlier. */
    async flush(): Promise<void> {
      for (const id of unsaved) await saveUnsaved(id)
    },

    /** Called when Docker's containers have changed. */
    refreshAll(): void {
      for (const row of rows.values()) {
        tell(row)
        rememberStopped(row)
      }
    },

    refuseName,

    list: (): App[] => [...rows.values()].map(view),

    get: (id: string): App => view(rowOf(id)),

    /** @throws INVALID_INPUT, CONFLICT, DOCKER_UNAVAILABLE, SHUTTING_DOWN; in each case without changing anything */
    async create(input: CreateAppInput): Promise<AppOperation> {
      const { refusals, doubts } = checkComposeContent(input.composeContent)
      const others = [...checkAppName(input.name), ...checkDescription(input.description)]
      if (others.length + refusals.length > 0) throw invalidInput([...others, ...refusals, ...doubts])
      checkRoom([...rows.values()], input.composeContent)
      operations.refuseWhenStopping()
      if (claimed.has(input.name)) throw nameTaken(input.name)
      claimed.add(input.name)
      try {
        await checkNameIsFree(input.name)
        const given = { content: input.composeContent, overwrite: input.overwriteFile ?? false }
        refusePrepared(input.name, await files.preparedCompose(input.name), given)
        const warnings = await check.content(input.name, input.composeContent)
        const now = clock.now()
        const row: AppRow = {
          id: randomUUID(),
          name: input.name,
          description: input.description ?? null,
          composeContent: input.composeContent,
          version: 1,
          desiredState: 'running',
          lastError: null,
          lastFailedKind: null,
          wanted: null,
          stoppedContainers: null,
          createdAt: now,
          updatedAt: now,
        }
        rows.set(row.id, row)
        disk.follow(row.name)
        const deploy = async (run: OperationRun): Promise<void> => {
          run.step(5, 'Writing the Compose file')
          refusePrepared(row.name, await files.preparedCompose(row.name), given)
          await disk.during(row.name, () => files.write(row.name, row.composeContent))
          await up(row, run)
        }
        const alongside = (transaction: EntityManager) => transaction.insert(AppEntity, { ...row })
        return await enqueue('create', row, deploy, { alongside, warnings }).catch((error: unknown) => {
          rows.delete(row.id)
          disk.forget(row.name)
          if (told.delete(row.id)) deps.onRemoved(row.id)
          throw error
        })
      } finally {
        claimed.delete(input.name)
      }
    },

    /** @throws NOT_FOUND, INVALID_INPUT, CONFLICT, DOCKER_UNAVAILABLE; in each case without changing anything */
    async update(id: string, input: UpdateAppInput): Promise<AppOperation> {
      const row = rowOf(id)
      const problems = checkDescription(input.description)
      if (problems.length > 0) throw invalidInput(problems)
      checkRoom(
        [...rows.values()].filter((each) => each !== row),
        input.composeContent ?? '',
      )
      const operation = await update(row, input)
      return { app: view(row), operation }
    },

    async startApp(id: string): Promise<AppOperation> {
      const found = rowOf(id)
      refuseUnseen(found, await disk.look(found.name))
      return enqueueWish('start', { id, desiredState: 'running' }, async (row, run) => {
        refuseUnseen(row, await disk.look(row.name))
        if (await disk.during(row.name, () => files.ensure(row.name, row.composeContent))) {
          run.line(`${composeFile} was missing on disk, so it was written again`)
        }
        await up(row, run)
      })
    },

    async stopApp(id: string): Promise<AppOperation> {
      return enqueueWish('stop', { id, desiredState: 'stopped' }, (row, run) => removal.stop(row, run))
    },

    /** What a removal would delete and keep. */
    removalOf: async (id: string): Promise<RemovalPreview> => removal.preview(rowOf(id)),

    /** Removes containers, networks, the files this program wrote, and the record. Deletes data only when `input` asks for it. */
    async removeApp(id: string, input: RemoveAppInput = {}): Promise<AppOperation> {
      return enqueueWish('remove', { id, desiredState: 'stopped' }, async (row, run) => {
        const stays = await removal.remove(row, input, run)
        await em.fork().nativeDelete(AppEntity, { id: row.id })
        rows.delete(row.id)
        told.delete(row.id)
        timers.set(row.id, null)
        unsaved.delete(row.id)
        disk.forget(row.name)
        deps.onRemoved(row.id)
        return stays
      })
    },
  }
}

/** @throws INVALID_INPUT for a name that no app can have, on any node */
function refuseName(name: string): void {
  const problems = checkAppName(name)
  if (problems.length > 0) throw invalidInput(problems)
}

/** The container without the facts that only the status needs. */
function shown(container: ContainerFacts): Container {
  const { id, name, service, image, state, health, statusText, exitCode, ports, morePorts, createdAt } = container
  const { startedAt, finishedAt, restartCount } = container
  return { id, name, service, image, state, health, statusText, exitCode, startedAt, finishedAt, restartCount, ports, morePorts, createdAt }
}
