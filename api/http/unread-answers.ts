import type { ServerResponse } from 'node:http'
import { callerKey, type Caller } from '../auth/caller.ts'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { WebSocket } from 'ws'

/** What one caller may leave unread, in bytes: two of the largest answers. */
const mostOfOne = 32 * 1024 * 1024
/** When so much is unread in all, in bytes, whoever has left any of it waits. Everybody else gets at least one answer. */
const mostOfAll = 96 * 1024 * 1024
/** An answer that has been put together whole is read within this time, or its connection ends, in milliseconds. */
const readWithinMs = 60_000

export type UnreadAnswers = ReturnType<typeof createUnreadAnswers>

/**
 * How much of its answers each caller has not read yet: it stays in the memory of this process until they do, so who reads
 * slowly and asks on is told to wait. Counted is what the system has not taken, over HTTP and WebSocket alike.
 */
export function createUnreadAnswers({ clock }: { clock: Clock }) {
  const held = new Map<string, Set<() => number>>()

  const unreadOf = (counts: Iterable<() => number> = []): number => {
    let bytes = 0
    for (const count of counts) bytes += count()
    return bytes
  }

  function hold(caller: Caller, count: () => number): () => void {
    const key = callerKey(caller)
    const counts = held.get(key) ?? new Set()
    held.set(key, counts.add(count))
    return () => {
      counts.delete(count)
      if (counts.size === 0 && held.get(key) === counts) held.delete(key)
    }
  }

  return {
    /** @throws RATE_LIMITED when the caller is to read first what was answered before */
    check(caller: Caller): void {
      const own = unreadOf(held.get(callerKey(caller)))
      if (own === 0) return
      if (own <= mostOfOne && unreadOf([...held.values()].flatMap((counts) => [...counts])) <= mostOfAll) return
      const mib = Math.max(1, Math.round(own / 1024 / 1024))
      throw new AppError('RATE_LIMITED', `${mib} MiB of your earlier answers are still being sent. Read them first`, {
        retryAfterSeconds: 5,
      })
    },

    /** Counts this response until its connection has taken it. */
    watch(caller: Caller, response: ServerResponse): void {
      let cancel = (): void => undefined
      const release = hold(caller, () => response.writableLength)
      response.once('prefinish', () => (cancel = clock.after(readWithinMs, () => response.destroy())))
      response.once('close', () => {
        cancel()
        release()
      })
    },

    /** Counts what waits in this socket until it closes. */
    watchSocket(caller: Caller, socket: WebSocket): void {
      socket.once(
        'close',
        hold(caller, () => socket.bufferedAmount),
      )
    },
  }
}
