import type { Clock } from '../../clock.ts'
import type { EntityManager } from '../../db/orm.ts'
import type { Docker } from '../../docker/docker.ts'
import { isShortOfRoom } from '../../disk-space.ts'
import { errorMessage } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { AppDeploy } from '../app-deploy.ts'
import type { AppFiles } from '../app-files.ts'
import type { AppRecords } from '../app-records.ts'
import type { AppRow } from '../app.entity.ts'
import type { FileWatch } from '../file-watch.ts'
import type { WatchedContainer } from '../container-details.ts'
import type { ContainerWatch } from '../container-watch.ts'
import type { OperationKind } from '../operation.ts'
import type { Runner, Runners } from '../operations/runners.ts'
import type { Removal } from '../removal.ts'
import type { AppVersions } from '../versions/app-versions.ts'
import { createDeploys, type Deploys } from './deploys.ts'
import { withNewFiles } from '../versions/new-files.ts'
import { createGate } from './gate.ts'
import { createGoingBack } from './going-back.ts'
import { createHeldImages } from './held-images.ts'
import { createLastWords } from './last-words.ts'
import { createRunImages } from './run-images.ts'
import { createVolumeArchive } from './volume-archive.ts'
import { createVolumeCopies } from './volume-copies.ts'

/** What this node keeps for deploys, and how long it waits for one. */
export interface DeploySettings {
  /** Holds the copies of volumes. */
  dataDir: string
  usualDeadlineMs: number
  /** Of how many healthy versions of an app images are held. */
  heldVersions: number
  /** How many versions of an app are kept. */
  keptVersions: number
}

export type Deploying = ReturnType<typeof createDeploying>

/** Deploys that act on health: what judges them, goes back from them, and keeps what going back needs. */
export function createDeploying(deps: {
  em: EntityManager
  clock: Clock
  log: Log
  docker: Pick<Docker, 'engine' | 'images' | 'projects' | 'volumes'>
  settings: DeploySettings
  compose: AppDeploy
  versions: AppVersions
  records: AppRecords
  files: AppFiles
  disk: FileWatch
  watch: ContainerWatch
  removal: Removal
  containersOf: (row: AppRow) => WatchedContainer[]
  /** When deploys were judged as failed whose operation had ended before, by app. Kept here. */
  failedDeploys: Map<string, Date>
  /** A deploy was judged whose operation had ended before. */
  onJudged: (row: AppRow) => void
  /** Whether an operation on the app waits or runs. */
  isBusy: (row: AppRow) => boolean
}) {
  const { docker, settings, records, log } = deps
  const { engine, volumes, projects } = docker
  const gate = createGate({ ...deps, ...settings })
  const isDiskShort = (): Promise<boolean> => isShortOfRoom(settings.dataDir)
  const held = createHeldImages({ images: docker.images, engine, log })
  const images = createRunImages({ ...deps, ...settings, held, isDiskShort })
  const archive = createVolumeArchive(settings)
  const copies = createVolumeCopies({ ...deps, volumes, projects, archive })
  const lastWords = createLastWords({ ...deps, engine, maskOf: (row) => deps.compose.maskOf(row, undefined) })
  const judged: Deploys['judged'] = (row, seconds, run) => deploys.judged(row, seconds, run)
  const back = createGoingBack({ ...deps, images, lastWords, judged: (row, run) => judged(row, null, run) })
  const deploys = createDeploys({ ...deps, deploy: withNewFiles(deps.compose, { ...deps, engine }), gate, images, goBack: back.goBack })

  /** Ends what follows from an earlier deploy, and goes on with what a killed program began. */
  const acting =
    (kind: OperationKind, runner: Runner): Runner =>
    async (row, input, run) => {
      deploys.unfollow(row.id)
      if (!row.goingBack) return runner(row, input, run)
      if (kind !== 'stop' && kind !== 'remove') return back.finish(row, row.goingBack, run)
      await records.remember(row, { goingBack: null })
      return runner(row, input, run)
    }

  return {
    up: deploys.up,
    adopt: deploys.adopt,

    /** The versions that going back needs: those whose images are held, those with a copy of volumes, and what was before these. */
    async neededVersions({ id, goingBack }: AppRow): Promise<number[]> {
      const copied = await archive.versions(id)
      const before = await Promise.all(copied.map((version) => deps.versions.lastHealthy(id, version)))
      const numbers = [...(await deps.versions.healthy(id, settings.heldVersions)), ...copied, ...before, goingBack?.from ?? null]
      return numbers.filter((number) => number !== null)
    },

    copyingVolumes: copies.around,
    /** The versions before which volumes were copied. */
    copiedBefore: archive.versions,
    look: gate.look,

    /** Replaces an app's volumes by what was copied before a version, and starts it. */
    restoreVolumes: {
      refuseMissing: copies.refuseMissing,
      run: (async (row, { copiedBefore = row.version }, run) => {
        await copies.refuseMissing(row, copiedBefore)
        await copies.restore(row, copiedBefore, run)
        if (row.desiredState === 'running') await deploys.up(row, run)
      }) satisfies Runner,
    },

    runners: (runners: Runners): Runners =>
      Object.fromEntries(Object.entries(runners).map(([kind, runner]) => [kind, acting(kind as OperationKind, runner)])),

    /** Goes on with what was open when the program ended. */
    async resume(): Promise<void> {
      await copies.resume(deps.isBusy, (row, error) =>
        log.error({ app: row.name, error: errorMessage(error) }, 'app not started again after a copy'),
      )
      await deploys.resume(deps.isBusy)
    },

    /** The app is gone. What Docker cannot let go of now costs only its place on the disk. */
    async forget({ id, name }: AppRow, withVolumes: boolean): Promise<void> {
      deploys.unfollow(id)
      if (withVolumes) await copies.deleteAll(id)
      await images
        .releaseAll(name)
        .catch((error: unknown) => log.warn({ app: name, error: errorMessage(error) }, "an app's images not let go of"))
    },

    stop: deploys.stop,
  }
}
