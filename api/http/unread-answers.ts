import type { ServerResponse } from 'node:http'
import { callerKey, type Caller } from '../auth/caller.ts'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { WebSocket } from 'ws'

/** In bytes. What one caller can leave unread: two answers of the largest size. */
const mostOfOne = 32 * 1024 * 1024
/** In bytes. When this much is unread in total, callers with unread answers must wait. Everyone else still gets one answer. */
const mostOfAll = 96 * 1024 * 1024
/** In milliseconds. A complete answer must be read within this time, or its connection is closed. */
const readWithinMs = 60_000

export type UnreadAnswers = ReturnType<typeof createUnreadAnswers>

/**
 * Tracks how much of its answers each caller has not read yet. Unread answers stay in this process's memory, so a caller that reads
 * slowly and keeps asking has to wait. Counts what the operating system has not accepted yet, over HTTP and WebSocket.
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
    /** @throws RATE_LIMITED if the caller must read its earlier answers first */
    check(caller: Caller): void {
      const own = unreadOf(held.get(callerKey(caller)))
      if (own === 0) return
      if (own <= mostOfOne && unreadOf([...held.values()].flatMap((counts) => [...counts])) <= mostOfAll) return
      const mib = Math.max(1, Math.round(own / 1024 / 1024))
      throw new AppError('RATE_LIMITED', `${mib} MiB of your earlier answers are still being sent. Read them first`, {
        retryAfterSeconds: 5,
      })
    },

    /** Counts this response until its connection has accepted it. */
    watch(caller: Caller, response: ServerResponse): void {
      let cancel = (): void => undefined
      const release = hold(caller, () => response.writableLength)
      response.once('prefinish', () => (cancel = clock.after(readWithinMs, () => response.destroy())))
      response.once('close', () => {
        cancel()
        release()
      })
    },

    /** Counts what is queued in this socket until it closes. */
    watchSocket(caller: Caller, socket: WebSocket): void {
      socket.once(
        'close',
        hold(caller, () => socket.bufferedAmount),
      )
    },
  }
}
