import { readdir, readFile, readlink } from 'node:fs/promises'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'

/**
 * Compose processes that an earlier run of this program started and left behind, because it was killed. They are known by a mark in
 * their environment, which every process that they start inherits. So there is nothing to write down and no moment in which a
 * process is not known yet. Only on Linux, where `/proc` shows it.
 */

/** The variable that marks each child with the node that started it. */
export const markName = 'SELFHOSTLY_STARTED_BY'

/** As long as Compose gets when an operation is cancelled. */
const killAfterMs = 3_000
const lookEveryMs = 50
const giveUpAfterMs = 8_000

/** Ends what is left of an earlier run, and waits until it is gone. Call before anything new is started. */
export async function endLeftovers({ mark, clock, log }: { mark: string; clock: Clock; log: Log }): Promise<void> {
  const startedAt = performance.now()
  let asked: NodeJS.Signals | undefined
  for (let left = await leftovers(mark); left.length > 0; left = await leftovers(mark)) {
    const waited = performance.now() - startedAt
    if (waited > giveUpAfterMs) return log.error({ processes: left }, 'Compose processes of an earlier run cannot be ended')
    const signal = waited < killAfterMs ? 'SIGTERM' : 'SIGKILL'
    if (signal !== asked) {
      log.warn({ processes: left, signal }, 'ending Compose processes that an earlier run left behind')
      for (const pid of left) end(pid, signal)
      asked = signal
    }
    await new Promise<void>((resolve) => void clock.after(lookEveryMs, resolve))
  }
}

/** Process ids with this mark in this program's own process namespace. A container's processes have another one, whatever is in their environment. */
async function leftovers(mark: string): Promise<number[]> {
  const own = await readlink('/proc/self/ns/pid').catch(() => null)
  if (own === null) return []
  const ids = (await readdir('/proc')).map(Number).filter((id) => Number.isInteger(id) && id !== process.pid)
  const marked = await Promise.all(
    ids.map(async (id) => {
      // Other users' processes cannot be read, and are none of ours.
      const environment = await readFile(`/proc/${id}/environ`, 'utf8').catch(() => '')
      if (!environment.split('\0').includes(`${markName}=${mark}`)) return []
      return (await readlink(`/proc/${id}/ns/pid`).catch(() => null)) === own ? id : []
    }),
  )
  return marked.flat()
}

function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended in the meantime.
  }
}
