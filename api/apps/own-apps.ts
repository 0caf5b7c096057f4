import type { Clock } from '../clock.ts'
import type { EntityManager } from '../db/orm.ts'
import type { Docker } from '../docker/docker.ts'
import type { ContainerEvent, EngineContainer, RegistryLogin } from '../docker/engine.types.ts'
import { errorMessage } from '../errors.ts'
import { createEventHub } from '../events.ts'
import type { ImageReference } from '../image-reference.ts'
import type { Log } from '../log.ts'
import type { App } from './app.ts'
import { createNetworks } from './networks.ts'
import { createNodeFacts } from './compose/node-facts.ts'
import { createAppFiles } from './app-files.ts'
import { createContainerPolicy } from './compose/policy/container-policy.ts'
import { createAppPolicy, type PolicySettings } from './compose/policy/app-policy.ts'
import { createAppService, type AppService } from './app-service.ts'
import { createContainerWatch } from './container-watch.ts'
import type { DeploySettings } from './deploy/deploying.ts'
import { createFileWatch } from './file-watch.ts'
import type { AutoUpdateInput } from './images/auto-update.ts'
import { createAutoUpdates } from './images/auto-updates.ts'
import type { ImageAnswer } from './images/image-state.ts'
import type { OutsideOfApps } from './images/updating-alone.ts'
import type { Task } from './operation-execution.ts'
import type { Operation, OperationKind } from './operation.ts'
import { createIdempotency } from './operations/idempotency.ts'
import type { OperationInput } from './operations/operation-input.ts'
import { createOperations } from './operations.ts'
import { deployMarks } from './versions/deploy-marks.ts'
import type { Sealing } from './versions/sealed-contents.ts'
import { createRemoval } from './removal.ts'
import { createAppSchedules, type AppScheduleInput } from './schedules/app-schedules.ts'
import type { ScheduleAction } from './schedules/schedule.ts'

export interface OwnAppsEvents {
  app: App
  /** The app's id. */
  appRemoved: string
  operation: Operation
  /** Containers on this machine changed, or whether Docker answers. */
  containers: undefined
  /** Something happened to a container of an app of this node, or of none. */
  containerEvent: { event: ContainerEvent; app: string | null }
  /** A file in the folder of the app with this name changed. */
  file: string
}

/** How long Compose can finish its work when the node stops. With the 3 s it gets to exit, stopping stays within 10 s. */
const operationGraceMs = 4000

export type OwnApps = ReturnType<typeof createOwnApps>

/** The Compose apps that this node itself runs, with their operations and containers. */
export function createOwnApps(deps: {
  em: EntityManager
  nodeId: string
  /** Seals the secrets of apps. */
  box: Sealing
  appsDir: string
  policy: PolicySettings
  /** The deadline of an operation, and how many run at once. */
  limits: { deadlineMs: number; parallel: number }
  deploying: DeploySettings
  docker: Docker
  answerOf: (image: ImageReference, platform: string) => ImageAnswer | null
  loginsFor: (images: string[], alsoUsed: string[]) => Promise<RegistryLogin[]>
  /** What does an operation that is about no app. */
  taskOfNode: (kind: OperationKind, input: OperationInput | null) => Task | null
  clock: Clock
  log: Log
}) {
  const { em, nodeId, appsDir, docker, clock, log } = deps
  const { engine, compose, projects } = docker
  const events = createEventHub<OwnAppsEvents>()
  const files = createAppFiles({ appsDir })
  const appOf = ({ project, workingDir }: ContainerEvent): string | null =>
    project !== null && files.isOf(project, { project, workingDir }) ? project : null
  const containers = createContainerWatch({
    engine,
    clock,
    log,
    isFollowed: files.isFollowed,
    onChange: () => events.emit('containers', undefined),
    onEvent: (event) => events.emit('containerEvent', { event, app: appOf(event) }),
  })
  const operations = createOperations({
    ...deps.limits,
    em,
    nodeId,
    clock,
    log,
    onChange(operation) {
      events.emit('operation', operation)
      if (operation.status === 'failed' && operation.appId !== null) void rememberFailed(operation.appId)
    },
  })
  const onPlanned = (): void => events.emit('containers', undefined)
  const schedules = createAppSchedules({ em, clock, log, onChange: onPlanned })
  const autoUpdates = createAutoUpdates({ em, clock, log, onChange: onPlanned })
  const service: AppService = createAppService({
    em,
    nodeId,
    box: deps.box,
    docker,
    deploying: deps.deploying,
    look: createAppPolicy({
      ...{ compose, clock, settings: deps.policy },
      volumes: projects.volumeDrivers,
      directoryOf: files.directoryOf,
    }),
    files,
    disk: createFileWatch({
      ...{ files, clock, log },
      recordedOf: (name) => service.recordedFiles(name),
      onChange: (name) => events.emit('file', name),
    }),
    watch: containers,
    operations,
    removal: createRemoval({ projects, images: docker.images, files }),
    answerOf: deps.answerOf,
    loginsFor: deps.loginsFor,
    facts: createNodeFacts({ containers: containers.all, projects, isOf: files.isOf }),
    endLeftovers: docker.endLeftovers,
    taskOfNode: deps.taskOfNode,
    schedulesOf: schedules.of,
    autoUpdateOf: autoUpdates.of,
    onChange: (app) => events.emit('app', app),
    onRemoved(id) {
      schedules.forget(id)
      autoUpdates.forget(id)
      events.emit('appRemoved', id)
    },
    clock,
    log,
  })
  /** So that people see why an automatic update is not tried, without waiting for its next window. */
  async function rememberFailed(appId: string): Promise<void> {
    try {
      await autoUpdates.failedWith(appId, await service.updatingAlone.failed(appId))
    } catch (error) {
      log.warn({ app: appId, error: errorMessage(error) }, 'images of a failed version not noted yet. The next automatic update notes them')
    }
  }

  events.on('file', service.refresh)
  events.on('containers', service.refreshAll)

  /** A Compose project of another program, or of another node on the same Engine, is not this node's app even if it shares its name. */
  const ofOwnAppsOnly = (container: EngineContainer): EngineContainer =>
    container.project !== null && files.isOf(container.project, container) ? container : { ...container, project: null }

  return {
    ...service,
    createNetwork: createNetworks({ projects }),
    /** Whether a container is of the app with this name. */
    isOf: files.isOf,
    /** What a container may do that the safety policy refuses. */
    beyondPolicy: createContainerPolicy({
      ...{ settings: deps.policy, volumes: projects.volumeDrivers },
      folderOf: (each) => (each.project !== null && files.isOf(each.project, each) ? files.directoryOf(each.project) : null),
    }),
    operations,
    ...createIdempotency({ operations, clock, appOf: (id) => service.list().find((app) => app.id === id) }),
    events,
    async start(): Promise<void> {
      await schedules.start()
      await autoUpdates.start()
      await service.start()
    },
    /** Replaces an app's schedules. @throws NOT_FOUND, INVALID_INPUT */
    async setSchedules(id: string, list: AppScheduleInput[]): Promise<App> {
      service.get(id)
      await schedules.set(id, list)
      return service.get(id)
    },
    /** Null: the app's images are updated only when someone asks. @throws NOT_FOUND, INVALID_INPUT */
    async setAutoUpdate(id: string, policy: AutoUpdateInput | null): Promise<App> {
      service.get(id)
      await autoUpdates.set(id, policy)
      return service.get(id)
    },
    /** Updates images of apps whose time has come. Called every few seconds. */
    runAutoUpdates: (outside: OutsideOfApps): Promise<void> =>
      autoUpdates.tick({
        failed: service.updatingAlone.failed,
        attempt: (id, rule) => service.updatingAlone.attempt(id, rule, outside),
      }),
    /** Does what schedules say. Called every few seconds. */
    runSchedules: (): Promise<void> => schedules.tick((id, action) => doAsScheduled(service, id, action)),
    /** What was deployed in these times, for a time axis. @param app null: all apps */
    deployMarks: (app: string | null, from: Date, to: Date) => deployMarks(em, app, from, to),
    /** All containers on this machine. Those that are not of this node's apps have no project. */
    containers: (): EngineContainer[] => containers.all().map(ofOwnAppsOnly),
    /** Why Docker does not answer; null when it does. */
    dockerAway: containers.away,
    watchContainers: containers.start,
    /** Lets running operations finish or leaves them to the next start, then stops everything that observes. */
    async stop(): Promise<void> {
      await operations.stop(operationGraceMs)
      service.stop()
      containers.stop()
    },
  }
}

/** An app that someone has stopped is not brought back by a restart. */
async function doAsScheduled(apps: AppService, id: string, action: Exclude<ScheduleAction, 'unknown'>): Promise<void> {
  if (action === 'start') await apps.startApp(id)
  if (action === 'stop') await apps.stopApp(id)
  if (action === 'restart' && apps.get(id).desiredState === 'running') await apps.restartApp(id, [])
}
