import type { Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { ContainerEvent, Engine, EngineContainer } from '../docker/engine.types.ts'
import { createContainerDetails, type WatchedContainer } from './container-details.ts'

/** Containers start and stop in bursts (a project with ten services). One reading covers a whole burst. */
const burstMs = 100

export type ContainerWatch = ReturnType<typeof createContainerWatch>

/**
 * This node's containers, kept up to date by the Engine's events. `away` has a reason until the first reading and while the Engine
 * does not answer. Until it answers again, the containers are the last known ones.
 */
export function createContainerWatch(deps: {
  engine: Engine
  clock: Clock
  log: Log
  /** Selects containers whose details are read too: times, restarts and how they ended. */
  isFollowed: (container: EngineContainer) => boolean
  onChange: () => void
  /** Hears each event as it comes. */
  onEvent?: (event: ContainerEvent) => void
}) {
  const { engine, clock, log } = deps
  const details = createContainerDetails(deps)
  let containers: WatchedContainer[] = []
  let away: string | null = 'Docker has not been asked yet'
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

  /** Resolves after a reading that started after this call. One already running may have missed what the caller changed. */
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
    /** Resolves when the first reading has succeeded or failed. */
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
          deps.onEvent?.(event)
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
    /** Reads now. Used after an operation, whose events may not have arrived yet. */
    refresh: read,
    all: (): WatchedContainer[] => containers,
    restoreStopped: details.restoreStopped,
    /** Why Docker does not answer; null when it does. Not null before the first reading. */
    away: (): string | null => away,
    asOf: (): Date => asOf,
  }
}
