import type { Clock } from '../clock.ts'
import { bounds, firstOf } from '../bounds.ts'
import type { EngineThings } from '../docker/engine-things.types.ts'
import type { DiskUsage } from './thing.ts'

/** Measuring reads the files of all volumes, so it is done at most once a minute, however many people look. */
const freshMs = 60_000
/** A disk with millions of files takes long. Whoever waits has left by then. */
const deadlineMs = 100_000

/** What takes how much of this node's disk, measured when someone asks. */
export function createDiskUsage({ things, clock }: { things: Pick<EngineThings, 'diskUsage'>; clock: Clock }) {
  let last: DiskUsage | undefined
  let running: Promise<DiskUsage> | undefined

  async function measure(): Promise<DiskUsage> {
    const late = new AbortController()
    const cancel = clock.after(deadlineMs, () => late.abort(new Error(`Docker did not measure its disk within ${deadlineMs / 1000} s`)))
    try {
      const { imagesBytes, buildCacheBytes, volumes, containers } = await things.diskUsage(late.signal)
      const sum = (sizes: Map<string, number>): number => [...sizes.values()].reduce((total, size) => total + size, 0)
      last = {
        asOf: clock.now(),
        imagesBytes,
        buildCacheBytes,
        volumesBytes: sum(volumes),
        containersBytes: sum(containers),
        volumes: firstOf([...volumes], bounds.thing.volume).kept.map(([name, sizeBytes]) => ({ name, sizeBytes })),
        containers: firstOf([...containers], bounds.thing.container).kept.map(([id, sizeBytes]) => ({ id, sizeBytes })),
      }
      return last
    } finally {
      cancel()
    }
  }

  /** Not older than a minute. @throws DOCKER_UNAVAILABLE */
  return function usage(): Promise<DiskUsage> {
    if (last && clock.now().getTime() - last.asOf.getTime() < freshMs) return Promise.resolve(last)
    running ??= measure().finally(() => (running = undefined))
    return running
  }
}
