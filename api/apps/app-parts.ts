import type { Clock } from '../clock.ts'
import type { EntityManager } from '../db/orm.ts'
import type { Docker } from '../docker/docker.ts'
import type { RegistryLogin } from '../docker/engine.types.ts'
import type { ImageReference } from '../image-reference.ts'
import type { Log } from '../log.ts'
import { createDraftValidation } from './compose/draft-validation.ts'
import type { AppPolicy } from './compose/policy/app-policy.ts'
import { createPermissions } from './compose/policy/permissions.ts'
import type { NodeFacts } from './compose/node-facts.ts'
import { createAppMasks } from './environment/app-masks.ts'
import { createAppImages } from './images/app-images.ts'
import type { AutoUpdate } from './images/auto-update.ts'
import type { Looked } from './images/auto-updates.ts'
import type { ImageAnswer } from './images/image-state.ts'
import { createImageUpdating } from './images/update-images.ts'
import { createUpdatingAlone } from './images/updating-alone.ts'
import { createAppCheck } from './draft-check.ts'
import { createAppCreation } from './app-creation.ts'
import { createAppDeploy } from './app-deploy.ts'
import type { AppFiles } from './app-files.ts'
import { createAppRecords } from './app-records.ts'
import { createAppResume } from './app-resume.ts'
import { createAppUpdate } from './app-update.ts'
import { createAppViews } from './app-views.ts'
import { createAppWork } from './app-work.ts'
import type { AppRow } from './app.entity.ts'
import type { App } from './app.ts'
import type { FileWatch } from './file-watch.ts'
import type { ContainerWatch } from './container-watch.ts'
import { createDeploying, type DeploySettings } from './deploy/deploying.ts'
import { createFolders } from './folders.ts'
import { createAppImport } from './import/app-import.ts'
import { createRestart } from './operations/restart.ts'
import { createRunners, type Runners } from './operations/runners.ts'
import type { OperationKind } from './operation.ts'
import type { Task } from './operation-execution.ts'
import type { OperationInput } from './operations/operation-input.ts'
import type { Operations } from './operations.ts'
import type { Removal } from './removal.ts'
import type { AppSchedule } from './schedules/schedule.ts'
import { createAppVersions } from './versions/app-versions.ts'
import { createNewestVersion } from './versions/newest-version.ts'
import { createRecordedFiles } from './versions/recorded-files.ts'
import { createRetention } from './versions/retention.ts'
import { createUndecidedFiles } from './undecided-files.ts'
import type { Sealing } from './versions/sealed-contents.ts'

export interface AppServiceDeps {
  em: EntityManager
  nodeId: string
  /** Seals the secrets of apps. */
  box: Sealing
  clock: Clock
  docker: Omit<Docker, 'endLeftovers' | 'logs' | 'terminals' | 'things'>
  deploying: DeploySettings
  /** The safety policy. */
  look: AppPolicy
  files: AppFiles
  log: Log
  disk: FileWatch
  watch: ContainerWatch
  operations: Operations
  removal: Removal
  /** What registries said about an image on a platform. */
  answerOf: (image: ImageReference, platform: string) => ImageAnswer | null
  /** How to sign in to the registries of these images, for a pull. */
  loginsFor: (images: string[], alsoUsed: string[]) => Promise<RegistryLogin[]>
  facts: NodeFacts
  endLeftovers: () => Promise<void>
  /** What does an operation that is about no app. */
  taskOfNode?: (kind: OperationKind, input: OperationInput | null) => Task | null
  schedulesOf: (appId: string) => AppSchedule[]
  autoUpdateOf: (appId: string, app: Looked) => AutoUpdate | null
  onChange: (app: App) => void
  onRemoved: (appId: string) => void
}

/** What the app service is made of, each part from those above it. */
export function createAppParts(world: AppServiceDeps) {
  const { disk, operations } = world
  const deps = { ...world, engine: world.docker.engine, compose: world.docker.compose }
  const check = createAppCheck(deps)
  const images = createAppImages({ ...deps, onRead: () => refreshAll() })
  const versions = createAppVersions(deps)
  const masks = createAppMasks({ versions })
  const failedDeploys = new Map<string, Date>()
  const views = createAppViews({ ...deps, images, masks, failedDeploys })
  const records = createAppRecords({ ...deps, onSaved: views.tell })
  const permissions = createPermissions({ ...deps, records, versions, onAllowed: views.tell })
  const loginsFor = (of: string[]): Promise<RegistryLogin[]> => deps.loginsFor(of, records.images())
  const compose = createAppDeploy({ ...deps, compose: permissions.compose, records, versions, loginsFor })
  const state = { containersOf: views.containersOf, isBusy: ({ id }: AppRow): boolean => operations.activeOf(id) !== undefined }
  const judging = { settings: deps.deploying, failedDeploys, onJudged: views.tell }
  const deploying = createDeploying({ ...deps, ...state, ...judging, compose, versions, records })
  const deploy = { ...compose, up: deploying.up, copyingVolumes: deploying.copyingVolumes, adopt: deploying.adopt }
  const retention = createRetention({ ...deps, versions, settings: deps.deploying, neededOf: deploying.neededVersions })
  const onDisk = { recordedFiles: createRecordedFiles({ records, versions }), undecided: createUndecidedFiles({ ...deps, versions }) }
  const work = createAppWork({ ...deps, records, views, maskOf: compose.maskOf, onEnded: retention.apply, runners: () => runners })
  const newest = createNewestVersion({ operations, versions })
  const more = { versions, permissions, images, deploy, retention, work }
  const parts = { ...deps, ...state, ...onDisk, ...{ masks, views, check, newest, records }, ...more }
  const update = createAppUpdate(parts)
  const forget = ({ id, name }: AppRow): void => {
    disk.forget(name)
    if (views.forget(id)) deps.onRemoved(id)
  }
  const create = createAppCreation({ ...parts, onFailed: forget })
  const { validate, judge } = createDraftValidation(parts)
  const importing = createAppImport({ ...parts, ...deps.deploying, judge, onFailed: forget })
  const imageUpdating = createImageUpdating(parts)
  const updatingAlone = createUpdatingAlone({ ...parts, ...imageUpdating })
  const runners: Runners = deploying.runners({
    ...createRunners({ ...parts, onRemoved: forget, onRemoving: deploying.forget }),
    ...{ create: create.run, recreate: create.run, import: importing.run, ...update.runners },
    ...{ update_images: imageUpdating.run, restore_volumes: deploying.restoreVolumes.run },
  })
  const folders = createFolders(parts)
  const resume = createAppResume({ ...parts, resumeDeploys: deploying.resume, onResolved: views.tell })
  const restart = createRestart(parts)

  function refreshAll(): void {
    for (const row of records.all()) {
      views.tell(row)
      resume.rememberStopped(row)
    }
    deploying.look()
  }

  return {
    ...{ images, masks, views, records, versions, deploying, work, update },
    ...{ create, importing, imageUpdating, updatingAlone, restart, folders, resume, validate, refreshAll },
    ...onDisk,
  }
}
