import type { EngineThings } from '../docker/engine-things.types.ts'
import { AppError, notFound } from '../errors.ts'
import type { ThingKind, ThingOf } from './thing.ts'
import type { Uses } from './uses.ts'

type Removable = Exclude<ThingKind, 'container'>

/** Removes one image, volume or network that nothing uses. The lists show that after the Engine's event, or the next refresh. */
export function createThingRemoval(deps: {
  things: Pick<EngineThings, 'removeImage' | 'removeVolume' | 'removeNetwork'>
  uses: Uses
  find: <Kind extends Removable>(kind: Kind, id: string) => ThingOf[Kind] | undefined
  refresh: (kinds: readonly ThingKind[]) => Promise<void>
}) {
  const { things, uses } = deps

  async function lookUp<Kind extends Removable>(kind: Kind, id: string): Promise<ThingOf[Kind]> {
    // Who uses it may have changed a moment ago.
    await deps.refresh(['container', kind])
    const found = deps.find(kind, id)
    if (!found) throw notFound(kind, id)
    return found
  }
  function refuse(name: string, reason: string | null): void {
    if (reason !== null) throw new AppError('CONFLICT', `${name} is ${reason}. It was not removed`)
  }

  return {
    /** With all of its names. @throws NOT_FOUND, CONFLICT */
    async image(id: string): Promise<string> {
      const image = await lookUp('image', id)
      refuse(image.tags[0] ?? 'The image', uses.image(image))
      // An image with several names cannot be removed by its id, so its names go first; with the last one it goes itself.
      if (image.tags.length === 0) await things.removeImage(id)
      for (const tag of image.tags) await things.removeImage(tag)
      return id
    },

    async volume(id: string): Promise<string> {
      const volume = await lookUp('volume', id)
      refuse(id, uses.volume(volume))
      await things.removeVolume(id)
      return id
    },

    async network(id: string): Promise<string> {
      const network = await lookUp('network', id)
      refuse(network.name, uses.network(network))
      await things.removeNetwork(id)
      return id
    },
  }
}
