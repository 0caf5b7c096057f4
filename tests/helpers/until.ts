import { setImmediate as nextTurn } from 'node:timers/promises'

/** Lets the event loop run until `condition` holds. For conditions without an event. Bounded by the test's timeout. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await nextTurn()
}
