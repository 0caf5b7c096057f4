import { setImmediate as nextTurn } from 'node:timers/promises'

/** Lets the event loop turn until `condition` holds; for what has no event of its own. The test's time limit bounds it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await nextTurn()
}
