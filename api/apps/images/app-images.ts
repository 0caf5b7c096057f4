import { bounds, jsonBytes } from '../../bounds.ts'
import type { Engine } from '../../docker/engine.types.ts'
import { digestsOf, parseImage, type ImageReference } from '../../image-reference.ts'
import type { AppRow } from '../app.entity.ts'
import type { WatchedContainer } from '../container-details.ts'
import type { KnownImage } from './chosen-updates.ts'
import { imageUpdateOf, type ImageAnswer } from './image-state.ts'
import type { ImageUpdate } from './image-update.ts'
import { createLocalImages } from './local-images.ts'

type Containers = Pick<WatchedContainer, 'service' | 'state' | 'imageId'>[]

export type AppImages = ReturnType<typeof createAppImages>

/** Whether the services of this node's apps have updates of their images. */
export function createAppImages(deps: {
  engine: Pick<Engine, 'image'>
  /** What registries said. */
  answerOf: (reference: ImageReference, platform: string) => ImageAnswer | null
  /** Something about the images on this node is known now. */
  onRead: () => void
}) {
  const local = createLocalImages(deps)

  function of({ wanted }: Pick<AppRow, 'wanted'>, containers: Containers): ImageUpdate[] {
    let bytes = 0
    const updates = (wanted ?? []).slice(0, bounds.app.imageUpdates).map(({ name, image }) => {
      const ofService = containers.filter(({ service }) => service === name)
      // What runs counts, not what a later pull gave the name to.
      const running = ofService.find(({ state }) => state === 'running') ?? ofService[0]
      const named = running?.imageId ?? image
      return imageUpdateOf({ service: name, image }, named ? local.of(named) : null, deps.answerOf)
    })
    return updates.filter((update) => (bytes += jsonBytes(update)) <= bounds.app.imageUpdatesBytes)
  }

  function answerTo({ image, platform }: ImageUpdate): ImageAnswer | null {
    const reference = parseImage(image)
    return reference && platform !== null ? deps.answerOf(reference, platform) : null
  }

  return {
    /** By service. Empty until Compose has resolved it. */
    of,

    /** The same with what the registry said. */
    known: (row: Pick<AppRow, 'wanted'>, containers: Containers): KnownImage[] =>
      of(row, containers).map((update) => ({ update, answer: answerTo(update) })),

    /** Services whose image a registry may have: not those that are built, and none of an image that was made here. */
    async pullable({ wanted }: Pick<AppRow, 'wanted'>): Promise<string[]> {
      const named = (wanted ?? []).flatMap(({ name, image }) => (image === null ? [] : { name, image }))
      const here = await Promise.all(named.map(({ image }) => local.read(image)))
      return named.flatMap(({ name, image }, index) => {
        const [found, reference] = [here[index], parseImage(image)]
        // It may have been pushed to another repository, under another name.
        const isMadeHere = found && reference && digestsOf(reference, found.repoDigests).length === 0
        return isMadeHere ? [] : name
      })
    },

    /** After a pull, and after registries were asked: what Docker has may be other than what was read. */
    readAgain: local.readAgain,
  }
}
