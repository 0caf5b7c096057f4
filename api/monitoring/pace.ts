import type { Clock } from '../clock.ts'

const fastMs = 1000
/** A sample that takes long leaves the machine at least this much time before the next. */
const shortestWaitMs = 100
/** A viewer or primary that is gone cannot keep a node fast for longer than this. */
export const longestHurryMs = 60_000

/**
 * Does something at an interval, and every second while somebody watches. A watch ends by itself, so it has to be asked for again.
 *
 * @param deps.act returns whether it should be done once more after a second
 */
export function createPace({ intervalMs, clock, act }: { intervalMs: number; clock: Clock; act: () => Promise<boolean> }) {
  let isStarted = false
  let isHurried = false
  let wasRepeated = false
  let cancelNext: () => void = () => undefined
  let cancelHurry: () => void = () => undefined

  function schedule(ms: number): void {
    cancelNext()
    cancelNext = isStarted ? clock.after(ms, () => void run()) : () => undefined
  }

  async function run(): Promise<void> {
    const begun = clock.now().getTime()
    const again = await act()
    // A clock that was set meanwhile says nothing about how long it took.
    const tookMs = Math.min(fastMs, Math.max(0, clock.now().getTime() - begun))
    // Not twice in a row, or a container that cannot be measured would make every wait a second.
    wasRepeated = again && !wasRepeated
    const waitMs = isHurried || wasRepeated ? Math.min(fastMs, intervalMs) : intervalMs
    schedule(Math.max(shortestWaitMs, waitMs - tookMs))
  }

  return {
    start(): void {
      if (isStarted) return
      isStarted = true
      void run()
    },

    stop(): void {
      isStarted = false
      cancelNext()
      cancelHurry()
    },

    soon: (): void => schedule(0),

    /** Every second from now on, for so long. */
    hurry(ms: number): void {
      if (!isStarted) return
      cancelHurry()
      cancelHurry = clock.after(Math.min(ms, longestHurryMs), () => (isHurried = false))
      if (!isHurried) schedule(0)
      isHurried = true
    },
  }
}
