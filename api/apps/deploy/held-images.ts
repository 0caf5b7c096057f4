import { errorMessage } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { Engine, EngineImages } from '../../docker/engine.types.ts'
import type { WatchedContainer } from '../container-details.ts'
import type { VersionImage } from '../versions/version.ts'
import type { WantedService } from '../wanted-services.ts'
import { digestIn, heldByApp, heldName, heldVersion, repositoryOf } from './held-names.ts'
import type { Pin } from './overlay.ts'

export type HeldImages = ReturnType<typeof createHeldImages>

/** What a deploy has to do about the images of its version. */
interface Pinning {
  pins: Pin[]
  /** What people should know, such as that an image has to be pulled again. */
  notes: string[]
}

/**
 * The images that versions ran with. Those of the newest healthy versions keep a local name, so that going back needs no registry and
 * a cleanup of unused images does not take them.
 */
export function createHeldImages({ images, engine, log }: { images: EngineImages; engine: Pick<Engine, 'image'>; log: Log }) {
  async function pinOf(app: string, version: number, { service, image, id, digest }: VersionImage): Promise<Pinning> {
    if (id === undefined) return { pins: [], notes: [] }
    if ((await engine.image(image))?.id === id) return { pins: [], notes: [] }
    const { repository, tag } = heldName(app, service, version)
    if (await engine.image(id)) {
      await images.tag(id, repository, tag)
      return { pins: [{ service, image: `${repository}:${tag}` }], notes: [] }
    }
    if (digest === null) {
      const note = `The image that service ${service} ran with is gone and has no digest to pull it by, so ${image} is used as it is now`
      return { pins: [], notes: [note] }
    }
    const pin = { service, image: `${repositoryOf(image)}@${digest}` }
    return { pins: [pin], notes: [`The image that service ${service} ran with is not held here any more, so it is pulled by its digest`] }
  }

  return {
    /** The images that an app's containers run. */
    async ofContainers(containers: WatchedContainer[], wanted: WantedService[] | null): Promise<VersionImage[]> {
      const byService = new Map(containers.filter(({ isOneOff }) => !isOneOff).map((each) => [each.service, each]))
      return Promise.all(
        [...byService.values()].map(async ({ service, image: name, imageId: id }) => {
          const image = wanted?.find((each) => each.name === service)?.image ?? name
          const found = await engine.image(id)
          return { service, image, id, digest: digestIn(image, found?.repoDigests ?? []) }
        }),
      )
    },

    async hold(app: string, version: number, ran: VersionImage[]): Promise<void> {
      for (const { service, id } of ran) {
        const { repository, tag } = heldName(app, service, version)
        if (id !== undefined) await images.tag(id, repository, tag)
      }
    },

    /** Lets go of an app's images, except for those of some versions. One that cannot be let go of costs only its place on the disk. */
    async release(app: string, kept: number[]): Promise<void> {
      for (const name of await images.names(heldByApp(app))) {
        if (kept.includes(heldVersion(name))) continue
        await images
          .untag(name)
          .catch((error: unknown) => log.warn({ app, image: name, error: errorMessage(error) }, 'image not let go of'))
      }
    },

    /** How to deploy a version with the images it ran with, where their names lead to others now. */
    async pinning(app: string, version: number, ran: VersionImage[]): Promise<Pinning> {
      const each = await Promise.all(ran.map((image) => pinOf(app, version, image)))
      return { pins: each.flatMap(({ pins }) => pins), notes: each.flatMap(({ notes }) => notes) }
    },
  }
}
