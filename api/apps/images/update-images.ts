import { bounds, cut } from '../../bounds.ts'
import type { Engine } from '../../docker/engine.types.ts'
import { digestsOf, parseImage } from '../../image-reference.ts'
import { invalidInput } from '../../errors.ts'
import type { AppDeploy } from '../app-deploy.ts'
import type { AppRecords } from '../app-records.ts'
import type { AppViews } from '../app-views.ts'
import type { AppRow } from '../app.entity.ts'
import type { AppOperation, AppWork } from '../app-work.ts'
import type { Permissions } from '../compose/policy/permissions.ts'
import type { WatchedContainer } from '../container-details.ts'
import type { Deploying } from '../deploy/deploying.ts'
import type { Deploys } from '../deploy/deploys.ts'
import type { UndecidedFiles } from '../undecided-files.ts'
import type { Operation } from '../operation.ts'
import type { Operations } from '../operations.ts'
import type { Runner } from '../operations/runners.ts'
import { nobody, type AppVersions } from '../versions/app-versions.ts'
import type { NewestVersion } from '../versions/newest-version.ts'
import type { AppImages } from './app-images.ts'

/** Who asks, and how. */
interface Asked {
  author: string
  copyVolumes: boolean
  /** The digests of the images that were judged, by service. Others are not deployed. */
  judged?: Record<string, string[]>
}

export type ImageUpdating = ReturnType<typeof createImageUpdating>

/**
 * Pulls newer images of an app, and makes the containers again that run older ones. The same file with newer images is the next
 * version, so that the one before is there to go back to.
 */
export function createImageUpdating(deps: {
  engine: Pick<Engine, 'image'>
  deploy: Pick<AppDeploy, 'runCompose'> & Pick<Deploys, 'up'> & Pick<Deploying, 'copyingVolumes'>
  records: Pick<AppRecords, 'get' | 'save'>
  versions: Pick<AppVersions, 'make' | 'current' | 'images' | 'deleteOld'>
  newest: Pick<NewestVersion, 'of' | 'refuseChanging' | 'accepting'>
  permissions: Pick<Permissions, 'allowancesOf'>
  undecided: Pick<UndecidedFiles, 'refuseUnseen'>
  work: Pick<AppWork, 'enqueue' | 'shouldRun'>
  operations: Pick<Operations, 'note'>
  images: Pick<AppImages, 'pullable' | 'readAgain'>
  containersOf: (row: AppRow) => WatchedContainer[]
  views: Pick<AppViews, 'view'>
}) {
  const { deploy, undecided, records, versions, newest, work } = deps

  async function accept(row: AppRow, services: string[] | null, { author, copyVolumes, judged }: Asked): Promise<Operation> {
    newest.refuseChanging(row)
    if ((services ?? (await deps.images.pullable(row))).length === 0) {
      return deps.operations.note('update_images', row, 'No image of this app comes from a registry')
    }
    const base = await newest.of(row)
    const version = versions.make(
      row.id,
      base.contents,
      {
        author,
        reason: cut(services ? `Newer images of ${services.join(', ')}` : 'Newer images', bounds.version.reason),
        // The other services keep what they run.
        images: services ? base.images.filter(({ service }) => !services.includes(service)) : [],
        allowances: base.allowances ?? (await deps.permissions.allowancesOf(row)),
        modelHash: base.modelHash,
      },
      base,
    )
    try {
      const input = { services, version: version.number, copyVolumes, ...(judged && { judged }) }
      return (await work.enqueue('update_images', row, input, { alongside: version.save })).operation
    } catch (error) {
      version.takeBack()
      throw error
    }
  }

  /** Whether a service runs, or ran last, another image than the one that its name leads to now. */
  async function hasNewer(row: AppRow, services: string[] | null): Promise<boolean> {
    const ran = await versions.images(row.id, row.version)
    for (const { name, image } of row.wanted ?? []) {
      if (image === null || (services && !services.includes(name))) continue
      const containers = deps.containersOf(row).filter(({ service, isOneOff }) => service === name && !isOneOff)
      const ids = containers.length > 0 ? containers.map(({ imageId }) => imageId) : [ran.find(({ service }) => service === name)?.id]
      const id = (await deps.engine.image(image))?.id
      if (ids.some((each) => each !== id)) return true
    }
    return false
  }

  /** The services for which a pull brought another image than the one that was judged, because the tag has moved in between. */
  async function otherThan(row: AppRow, judged: Record<string, string[]>): Promise<string[]> {
    const others: string[] = []
    for (const { name, image } of row.wanted ?? []) {
      const [digests, reference] = [judged[name], image === null ? null : parseImage(image)]
      if (!digests || image === null || !reference) continue
      const here = digestsOf(reference, (await deps.engine.image(image))?.repoDigests ?? [])
      if (!here.some((digest) => digests.includes(digest))) others.push(name)
    }
    return others
  }

  return {
    /**
     * @throws NOT_FOUND, INVALID_INPUT for a service that the app does not have, CONFLICT when its file was changed on disk or another
     *   change waits, DOCKER_UNAVAILABLE
     */
    async updateImages(id: string, services?: string[] | null, asked: Partial<Asked> = {}): Promise<AppOperation> {
      const row = records.get(id)
      refuseUnknown(row, services ?? [])
      await undecided.refuseUnseen(row)
      const operation = await newest.accepting(row, () => accept(row, services ?? null, { author: nobody, copyVolumes: false, ...asked }))
      return { operation, app: deps.views.view(row) }
    },

    run: (async (row, { services = null, version, copyVolumes, judged }, run) => {
      await undecided.refuseUnseen(row)
      // Otherwise an earlier run of the program has come this far.
      if (version !== row.version) {
        run.step(10, 'Pulling newer images')
        const pulled = services ?? (await deps.images.pullable(row))
        // Without names, Compose would pull all.
        if (pulled.length > 0) await deploy.runCompose(row, 'pull', run, pulled)
        deps.images.readAgain()
        const moved = await otherThan(row, judged ?? {})
        if (version !== undefined && moved.length > 0) {
          await versions.deleteOld(row.id, [version])
          return `Not updated: the registry names another image of ${moved.join(', ')} since it was judged. The next window looks at that`
        }
        if (version !== undefined && !(await hasNewer(row, services))) {
          await versions.deleteOld(row.id, [version])
          return 'All images are the newest already'
        }
        if (version !== undefined) await records.save(row, await versions.current(row.id, version))
      }
      // A stopped app stays stopped. It has the newer images when it is started.
      if (!work.shouldRun(row)) return 'The newer images are here. The app is stopped, and runs them when you start it'
      const up = (): Promise<void> => deploy.up(row, run, { rollback: true, pull: version === undefined })
      await (copyVolumes ? deploy.copyingVolumes(row, row.version, run, up) : up())
    }) satisfies Runner,
  }
}

/** @throws INVALID_INPUT */
function refuseUnknown({ wanted }: AppRow, services: string[]): void {
  const known = new Set((wanted ?? []).map(({ name }) => name))
  const unknown = services.filter((name) => !known.has(name))
  if (unknown.length === 0) return
  const names = [...known].join(', ') || 'none'
  throw invalidInput([{ field: 'services', message: `The app has no service ${unknown.slice(0, 5).join(', ')}. It has: ${names}` }])
}
