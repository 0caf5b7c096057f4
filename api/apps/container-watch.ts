import type { Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Engine, EngineContainer } from '../docker/engine.types.ts'
import { createContainerDetails, type WatchedContainer } from './container-details.ts'

/** Containers start and stop in bursts (a project of ten services): one reading answers for all of a burst. */
const burstMs = 100

export type ContainerWatch = ReturnType<typeof createContainerWatch>

/**
 * What Docker says of this node's containers, kept true by the Engine's events. `available` is false from the start until
 * the first reading, and while the Engine is away; `containers` is then what was last known.
 */
export function createContainerWatch(deps: {
  engine: Engine
  clock: Clock
  log: Log
  /** Of these more is asked than the Engine's list says: times, restarts, how they ended. */
  isFollowed: (container: EngineContainer) => boolean
  onChange: () => void
}) {
  const { engine, clock, log } = deps
  const details = createContainerDetails(deps)
  let containers: WatchedContainer[] = []
  let away: string | null = 'Docker was not asked yet'
  let asOf = clock.now()
  let reading: Promise<void> | undefined
  let again = false
  let cancelBurst: (() => void) | undefined
  let unwatch: (() => void) | undefined

  async function readOnce(): Promise<void> {
    try {
      containers = await details.complete(await engine.containers(), deps.isFollowed)
      away = null
      asOf = clock.now()
    } catch (error) {
      away = errorMessage(error)
    }
    deps.onChange()
  }

  async function readUntilQuiet(): Promise<void> {
    try {
      do {
        again = false
        await readOnce()
      } while (again)
    } finally {
      reading = undefined
    }
  }

  /** Resolves after a reading that began no earlier than this call: one that is under way may have missed what the caller did. */
  function read(): Promise<void> {
    again = true
    reading ??= readUntilQuiet()
    return reading
  }

  function readSoon(): void {
    cancelBurst ??= clock.after(burstMs, () => {
      cancelBurst = undefined
      void read()
    })
  }

  return {
    /** Resolves when the first reading was taken or failed. */
    async start(): Promise<void> {
      if (unwatch) return
      unwatch = engine.watch({
        onUp() {
          details.forgetAll()
          void read()
        },
        onDown(reason) {
          log.warn({ reason }, 'Docker does not answer')
          away = reason
          deps.onChange()
        },
        onContainerEvent(event) {
          details.heard(event)
          readSoon()
        },
      })
      await read()
    },
    stop(): void {
      unwatch?.()
      unwatch = undefined
      cancelBurst?.()
      cancelBurst = undefined
    },
    /** Reads now; for after an operation, when the events may still be on their way. */
    refresh: read,
    all: (): WatchedContainer[] => containers,
    restoreStopped: details.restoreStopped,
    /** Why Docker does not answer; null when it does. */
    away: (): string | null => away,
    asOf: (): Date => asOf,
    inDirectory: (directory: string): WatchedContainer[] => containers.filter((container) => container.workingDir === directory),
  }
}
