import type { Clock } from '../clock.ts'
import type { AppFiles } from './app-files.ts'
import { withinBounds } from './cut-app.ts'
import { nextChangeAt, statusOf } from './app-status.ts'
import type { AppRow } from './app.entity.ts'
import type { App, Container } from './app.ts'
import type { WatchedContainer } from './container-details.ts'
import { isSteady, steadyAt, type ContainerFacts } from './container-facts.ts'
import type { ContainerWatch } from './container-watch.ts'
import type { FileWatch } from './file-watch.ts'
import type { AppImages } from './images/app-images.ts'
import type { AutoUpdate } from './images/auto-update.ts'
import type { Looked } from './images/auto-updates.ts'
import type { AppSchedule } from './schedules/schedule.ts'
import type { OperationKind } from './operation.ts'
import type { Operations } from './operations.ts'
import type { AppMasks } from './environment/app-masks.ts'
import { shownVariables } from './versions/app-versions.ts'
import { createStatusTimers } from './status-timers.ts'

export type AppViews = ReturnType<typeof createAppViews>

/** What others see of each app: its record, its containers, and the resulting status. Reports each change once. */
export function createAppViews(deps: {
  nodeId: string
  clock: Clock
  files: Pick<AppFiles, 'isOf' | 'fileOf'>
  disk: FileWatch
  watch: ContainerWatch
  operations: Operations
  /** When deploys were judged as failed whose operation had ended before, by app. */
  failedDeploys: ReadonlyMap<string, Date>
  images: AppImages
  schedulesOf: (appId: string) => AppSchedule[]
  autoUpdateOf: (appId: string, app: Looked) => AutoUpdate | null
  masks: AppMasks
  onChange: (app: App) => void
}) {
  const { clock, disk, watch, operations } = deps
  /** What `onChange` was last called with, by app, to skip events that change nothing. */
  const told = new Map<string, { row: AppRow; facts: string }>()
  /** Operations that have ended but whose result has not been read from Docker yet. Until then the app keeps the operation's status. */
  const ending = new Map<string, OperationKind>()
  const timers = createStatusTimers({
    clock,
    onDue(id) {
      const known = told.get(id)
      if (known) tell(known.row)
    },
  })

  const containersOf = (row: AppRow): WatchedContainer[] => watch.all().filter((container) => deps.files.isOf(row.name, container))

  function changedOnDisk({ id, name, composeContent, version }: AppRow): Pick<App, 'changedOnDisk' | 'changedFiles'> {
    const kind = operations.activeOf(id)?.kind
    const compose = disk.differs(name, composeContent) ? [deps.files.fileOf(name)] : []
    // An app has no files before its first deployment.
    const changedFiles = kind === 'create' || kind === 'recreate' ? [] : [...compose, ...disk.changedFiles(name, version)]
    return { changedOnDisk: changedFiles.length > 0, changedFiles }
  }

  const lookedAt = ({ desiredState }: AppRow) => ({
    shouldRun: desiredState === 'running',
    dockerAwaySince: watch.away() === null ? null : watch.asOf(),
  })

  function view(row: AppRow): App {
    const active = operations.activeOf(row.id)
    const containers = containersOf(row)
    const hide = deps.masks.of(row)
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
      environment: shownVariables(row.environment),
      files: row.files,
      profiles: row.profiles,
      version,
      allowances: row.allowances ?? [],
      ...changedOnDisk(row),
      desiredState,
      status,
      statusReason: statusReason && hide(statusReason),
      containers: containers.map((container) => shown(container, hide, clock.now())),
      moreContainers: 0,
      deployFailedAt: deps.failedDeploys.get(id) ?? null,
      imageUpdates: deps.images.of(row, containers),
      schedules: deps.schedulesOf(id),
      autoUpdate: deps.autoUpdateOf(id, { ...lookedAt(row), images: () => deps.images.known(row, containers) }),
      asOf,
      createdAt,
      updatedAt,
    })
  }

  function tell(row: AppRow): void {
    const app = view(row)
    timers.set(row.id, nextChangeAt({ containers: containersOf(row), now: clock.now() }))
    const facts = JSON.stringify({ ...app, asOf: null })
    if (told.get(app.id)?.facts === facts) return
    told.set(app.id, { row, facts })
    deps.onChange(app)
  }

  return {
    view,
    tell,
    containersOf,

    /** Shows the app as busy with an operation that has ended, until `read` has read its result from Docker. */
    async untilRead(row: AppRow, kind: OperationKind, read: () => Promise<void>): Promise<void> {
      ending.set(row.id, kind)
      // It may have pulled.
      deps.images.readAgain()
      await read().finally(() => ending.delete(row.id))
      tell(row)
    },

    /** @returns whether the app was ever reported */
    forget(id: string): boolean {
      timers.set(id, null)
      deps.masks.forget(id)
      return told.delete(id)
    },

    stop: (): void => timers.stop(),
  }
}

/** The container without the facts that only the status needs, and without secrets in its names. */
function shown(container: ContainerFacts, hide: (text: string) => string, now: Date): Container {
  const { id, name, service, image, state, health, statusText, exitCode, ports, morePorts, createdAt } = container
  const { startedAt, finishedAt, restartCount } = container
  const names = { name: hide(name), image: hide(image) }
  return {
    ...{ id, ...names, service, state, health, statusText, exitCode, startedAt, finishedAt, restartCount },
    isSteady: steadyAt(container) === null || isSteady(container, now),
    ...{ ports, morePorts, createdAt },
  }
}
