import type { Clock } from '../../clock.ts'
import { nextTurn } from './event-loop-turns.ts'

/** Of one core. Lines cost more to send to people than anything else does, and everything else comes first. */
const mostShare = 0.6
/** Shorter times say more about chance than about load. */
const lookMs = 100
/** Between two batches of any logs. A full one takes about half as long, and the rest is for other work, which often needs several turns. */
const gapMs = 25
/** However busy the program is, logs go on. */
const longestWaitMs = 500

/** Lets lines for people wait while this program has much to do, and gives other work a turn before each batch. */
export function createLogTurns({ clock, cpuMs }: { clock: Clock; /** CPU time of this process so far. */ cpuMs: () => number }) {
  let last = { at: clock.now().getTime(), cpu: cpuMs() }
  let share = 0
  let freeAt = 0

  function isBusy(): boolean {
    const at = clock.now().getTime()
    if (at - last.at >= lookMs) {
      const cpu = cpuMs()
      share = (cpu - last.cpu) / (at - last.at)
      last = { at, cpu }
    }
    return share > mostShare
  }

  const wait = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve))

  return async function turn(): Promise<void> {
    for (let waited = 0; waited < longestWaitMs && isBusy(); waited += lookMs) await wait(lookMs)
    const now = clock.now().getTime()
    freeAt = Math.max(now, freeAt + gapMs)
    if (freeAt > now) await wait(freeAt - now)
    await nextTurn()
  }
}

/** User and system time of this process. */
export function processCpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
