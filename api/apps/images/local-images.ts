import pLimit from 'p-limit'
import type { Engine, EngineImage } from '../../docker/engine.types.ts'

/** Answers are small, and the Engine has them at hand; more at once would delay what people wait for. */
const parallel = 4
/** More images than a node has; a name that is no longer used is forgotten by then. */
const mostKept = 5000

export type LocalImages = ReturnType<typeof createLocalImages>

/** What the Engine has under an image's name or id, read once and kept until someone says that it may have changed. */
export function createLocalImages({ engine, onRead }: { engine: Pick<Engine, 'image'>; onRead: () => void }) {
  const known = new Map<string, EngineImage | null>()
  const reading = new Set<string>()
  /** Read before something may have changed. Shown until it is read again. */
  const stale = new Set<string>()
  const limit = pLimit(parallel)

  async function read(name: string): Promise<void> {
    try {
      const found = await limit(() => engine.image(name))
      if (known.size >= mostKept) known.clear()
      known.set(name, found)
      stale.delete(name)
      onRead()
    } catch {
      // Docker is away. It is asked again when it is back and its containers were read.
    } finally {
      reading.delete(name)
    }
  }

  return {
    /** Null if the Engine does not have it; undefined while that is not known. */
    of(name: string): EngineImage | null | undefined {
      const found = known.get(name)
      if ((found === undefined || stale.has(name)) && !reading.has(name)) {
        reading.add(name)
        void read(name)
      }
      return found
    },

    /** Reads it now. @throws DOCKER_UNAVAILABLE */
    read: (name: string): Promise<EngineImage | null> => engine.image(name),

    /** A pull gives an image new digests, and a name another image. */
    readAgain(): void {
      for (const name of known.keys()) stale.add(name)
    },
  }
}
