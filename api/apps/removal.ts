import { join } from 'node:path'
import type { EngineImages, EngineProjects, ProjectContainer, ProjectParts } from '../docker/engine.types.ts'
import { AppError } from '../errors.ts'
import type { AppRow } from './app.entity.ts'
import type { AppFiles } from './app-files.ts'
import { isUp } from './app-status.ts'
import { removeBuiltImages } from './built-images.ts'
import { each } from './each.ts'
import { isInPlace, removeFrom, removeTree, removeWritten, type Leftover } from './folder-removal.ts'
import { removeDuplicateNetworks } from './duplicate-networks.ts'
import { mendHalfReplaced } from './half-replaced.ts'
import { makeAgain } from './make-again.ts'
import type { OperationRun } from './operation-run.ts'
import { enumerate, unnamedVolumes, usersOfNetwork, usersOfVolume } from './project-parts.ts'
import type { PlainFile } from './versions/version.ts'
import { deleteAppFile } from './versions/written-files.ts'
import type { RemovalPreview } from './removal-item.ts'
import { previewRemoval } from './removal-preview.ts'
import { stopOrder, withNeeds } from './stop-order.ts'

/** Data to remove together with an app. It is kept by default. */
export interface RemoveAppInput {
  /** The volumes that Compose created for the app. */
  volumes?: boolean | null | undefined
  /** Everything in the app's folder. */
  files?: boolean | null | undefined
}

type Named = Pick<AppRow, 'name' | 'composeContent' | 'environment' | 'wanted'>

/** High, because stopping mostly means waiting for each container to end. */
const stoppedAtOnce = 50
const removedAtOnce = 10

const keptElsewhere = 'its folder is outside APPS_DIR, so it was kept with its files'

export type Removal = ReturnType<typeof createRemoval>

/**
 * Stops, restarts and removes an app's parts in Docker and on disk. Docker's parts are found by Compose's labels, so a missing or broken
 * Compose file does not matter. Parts that are already gone are skipped, so trying again finishes an incomplete removal.
 */
export function createRemoval({ projects, images, files }: { projects: EngineProjects; images: EngineImages; files: AppFiles }) {
  const ownParts = ({ name }: Named, { containers }: ProjectParts): ProjectContainer[] =>
    containers.filter((each) => files.isOf(name, each))

  /** Stops dependents first. @returns why some containers could not be stopped */
  async function stopAll({ wanted }: Named, containers: ProjectContainer[], run: OperationRun): Promise<string[]> {
    const failures: string[] = []
    for (const group of stopOrder(withNeeds(containers.filter(isUp), wanted))) {
      const stop = async ({ id, name }: ProjectContainer): Promise<void> => {
        await projects.stop(id, run.signal)
        run.line(`Container ${name} stopped`)
      }
      failures.push(...(await each(group, stoppedAtOnce, run, stop, ({ name }) => `container ${name} could not be stopped`)))
    }
    return failures
  }

  async function removeContainers(app: Named, volumes: boolean, run: OperationRun): Promise<void> {
    run.step(10, 'Stopping containers')
    const own = ownParts(app, await projects.parts(app.name))
    // A container that cannot be stopped may still be removed, which kills it.
    await stopAll(app, own, run)
    run.step(50, 'Removing containers')
    const remove = async ({ id, name }: ProjectContainer): Promise<void> => {
      await projects.removeContainer(id, { volumes, signal: run.signal })
      run.line(`Container ${name} removed`)
    }
    failOn(await each(own, removedAtOnce, run, remove, ({ name }) => `container ${name} could not be removed`))
  }

  /** Keeps networks that others use; they hold no data and cost nothing. @returns messages about the kept ones */
  async function removeNetworks({ networks, containers }: ProjectParts, run: OperationRun): Promise<string[]> {
    const stays: string[] = []
    for (const network of networks) {
      const { id, name } = network
      const users = usersOfNetwork(network, containers)
      if (users.length > 0) {
        stays.push(`network ${name} was kept because it is in use by ${enumerate(users)}`)
        continue
      }
      await projects.removeNetwork(id, run.signal)
      run.line(`Network ${name} removed`)
    }
    return stays
  }

  /** @returns why some volumes could not be removed */
  async function removeVolumes(names: string[], { containers }: ProjectParts, run: OperationRun): Promise<string[]> {
    const remove = async (name: string): Promise<void> => {
      const users = usersOfVolume(name, containers)
      if (users.length > 0) throw new AppError('CONFLICT', `it is in use by ${enumerate(users)}`)
      await projects.removeVolume(name, run.signal)
      run.line(`Volume ${name} removed`)
    }
    return each(names, 1, run, remove, (name) => `volume ${name} could not be removed`)
  }

  async function removeFiles(app: Named, all: boolean, run: OperationRun, own: PlainFile[]): Promise<string[]> {
    const directory = files.directoryOf(app.name)
    if (files.isElsewhere(app.name)) return removeFrom(directory, files.written(app)).then(() => [keptElsewhere])
    if (all && (await isInPlace(directory).catch(() => true))) {
      failOn(leftoverWords(app, await removeTree(directory, run.signal)))
      return []
    }
    for (const file of own) await deleteAppFile(directory, file).catch(() => false)
    const left = await removeWritten(directory, files.written(app))
    return left.length > 0 ? [`kept in the folder ${app.name} in APPS_DIR: ${enumerate(left.toSorted())}`] : []
  }

  return {
    /** @throws DOCKER_UNAVAILABLE */
    preview: (app: Named, own: PlainFile[] = []): Promise<RemovalPreview> => previewRemoval({ projects, images, files }, app, own),

    /** @returns whether there were any and one could be removed */
    removeDuplicateNetworks: (app: Named, run: OperationRun): Promise<boolean> => removeDuplicateNetworks(app.name, projects, run),
    mendReplaced: async (app: Named, run: OperationRun) => mendHalfReplaced(ownParts(app, await projects.parts(app.name)), projects, run),

    /** Removes the app's containers that mount a file in its folder, so that the next start makes them again with its new content. */
    async removeUsers(app: Named, paths: string[], isOld: (containerId: string) => boolean, run: OperationRun): Promise<void> {
      const places = paths.map((path) => join(files.directoryOf(app.name), path))
      const uses = ({ mounts }: ProjectContainer): boolean =>
        mounts.some(({ kind, source }) => kind === 'bind' && places.some((place) => place === source || place.startsWith(`${source}/`)))
      const users = ownParts(app, await projects.parts(app.name)).filter((each) => uses(each) && isOld(each.id))
      await makeAgain(projects, users, 'a file that it uses has changed', run)
    },

    /**
     * Removes the app's containers that share the network of a container that is gone. Compose 1.29 leaves them so when it makes the
     * other one again.
     *
     * @returns whether there were any, which the next start makes again
     */
    async removeStranded(app: Named, run: OperationRun): Promise<boolean> {
      const parts = await projects.parts(app.name)
      const there = new Set(parts.containers.flatMap(({ id, name }) => [id, name]))
      const stranded = ownParts(app, parts).filter(({ sharesNetworkOf }) => sharesNetworkOf !== null && !there.has(sharesNetworkOf))
      await makeAgain(projects, stranded, 'the container whose network it shares is gone', run)
      return stranded.length > 0
    },

    async stop(app: Named, run: OperationRun): Promise<void> {
      run.step(20, 'Stopping containers')
      failOn(await stopAll(app, ownParts(app, await projects.parts(app.name)), run))
    },

    /** Stops containers, dependents first, and starts them in the opposite order. */
    async restart(app: Named, services: string[], run: OperationRun): Promise<void> {
      run.step(20, 'Stopping containers')
      const own = ownParts(app, await projects.parts(app.name)).filter(({ service }) => service !== null && services.includes(service))
      if (own.length === 0) throw new AppError('CONFLICT', 'it has no containers to restart. Start it instead')
      failOn(await stopAll(app, own, run))
      run.step(60, 'Starting containers')
      const start = async ({ id, name }: ProjectContainer): Promise<void> => {
        await projects.start(id, run.signal)
        run.line(`Container ${name} started`)
      }
      for (const group of stopOrder(withNeeds(own, app.wanted)).toReversed()) {
        failOn(await each(group, stoppedAtOnce, run, start, ({ name }) => `container ${name} could not be started`))
      }
    },

    /** Keeps volumes, networks and files. */
    removeContainers,

    /**
     * @param own the files beside the Compose file that this program wrote
     * @returns a message about parts of the app that were kept; undefined when there are none
     * @throws CONFLICT when something could not be removed; a later removal continues from there
     */
    async remove(
      app: Named,
      { volumes, files: allFiles }: RemoveAppInput,
      run: OperationRun,
      own: PlainFile[] = [],
    ): Promise<string | undefined> {
      const unnamed = unnamedVolumes(ownParts(app, await projects.parts(app.name)))
      await removeContainers(app, volumes === true, run)
      const left = await projects.parts(app.name)
      run.step(80, 'Removing networks')
      const stays = [...(await removeNetworks(left, run)), ...(await removeBuiltImages(images, app, left.containers, run))]
      const failures: string[] = []
      if (volumes) {
        run.step(85, 'Removing volumes')
        failures.push(...(await removeVolumes([...left.volumes.map(({ name }) => name), ...unnamed], left, run)))
      }
      run.step(90, 'Removing files')
      stays.push(...(await removeFiles(app, allFiles === true, run, own)))
      failOn(failures)
      for (const line of stays) run.line(line)
      return stays.length > 0 ? `Done: ${stays.join('; ')}` : undefined
    },
  }
}

/** Names paths only within the app's folder, because not every reader may see the node's paths. */
function leftoverWords(app: Named, leftovers: Leftover[]): string[] {
  if (leftovers.length === 0) return []
  const named = enumerate(leftovers.map(({ path, why }) => `${path || 'the folder'} (${why})`))
  return [
    `could not delete everything in the folder ${app.name} in APPS_DIR: ${named}. Delete the rest on the node and remove the app again, or remove the app without its files`,
  ]
}

function failOn(failures: string[]): void {
  if (failures.length > 0) throw new AppError('CONFLICT', enumerate(failures, '; '))
}
