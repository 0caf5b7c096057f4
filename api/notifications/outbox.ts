import type { Clock } from '../clock.ts'
import type { EntityManager } from '../db/orm.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import { backoffMs } from '../retry.ts'
import type { Channels } from './channels.ts'
import { giveUp, nextOf } from './delivery-records.ts'
import { DeliveryError } from './guarded-post.ts'
import { DeliveryEntity, type DeliveryRow } from './notification.entity.ts'
import { failureWords, type Send } from './sending.ts'

/** Soon after the first failure, then ever more rarely, because a receiver that is away should not be hammered. */
const waits = { firstMs: 5000, longestMs: 30 * 60_000 }
/** After a night without a network, people still want to know. Later, they have found out. */
export const giveUpMs = 24 * 3600_000
/** A receiver that works and refuses a message as such gets it this often. Those behind it must not wait for a day. */
const refusedTimes = 3
/** Longer than most answers take, and shorter than what a service manager waits before it kills. */
const stopWithinMs = 2000
/** When the database cannot be written, a message is looked at again after this time. */
const afterFailureMs = 10_000

export type Outbox = ReturnType<typeof createOutbox>

/**
 * Sends what waits: one message after the other in each channel, in their order, and all channels at the same time. What waits is in
 * the database, so it survives a restart. A message that was sent while the program ended may be sent twice, but none is lost.
 */
export function createOutbox(deps: {
  em: EntityManager
  clock: Clock
  random: () => number
  log: Log
  channels: Pick<Channels, 'all' | 'target' | 'nameOf'>
  send: Send
  /** The state of a message changed. */
  onChange: (channelId: string) => void
}) {
  const { em, clock, log } = deps
  const running = new Map<string, Promise<void>>()
  const timers = new Map<string, () => void>()
  const ending = new AbortController()
  let isStopped = false

  async function update(id: number, channelId: string, columns: Partial<DeliveryRow>): Promise<void> {
    await em.fork().nativeUpdate(DeliveryEntity, { id }, columns)
    deps.onChange(channelId)
  }

  async function attempt(row: DeliveryRow, channelId: string): Promise<void> {
    const attempts = row.attempts + 1
    // Its alarm may have ended since it was read. Then it is not sent, because nobody would send its end.
    const found = await em.fork().nativeUpdate(DeliveryEntity, { id: row.id, state: 'waiting' }, { attempts })
    if (found === 0) return
    try {
      await deps.send(row.notice, deps.channels.target(channelId), `${channelId}-${row.id}`, ending.signal)
    } catch (error) {
      return failed({ ...row, attempts }, channelId, error)
    }
    await update(row.id, channelId, { state: 'sent', endedAt: clock.now(), error: null })
  }

  async function failed(row: DeliveryRow, channelId: string, error: unknown): Promise<void> {
    const now = clock.now().getTime()
    const why = failureWords(error, log)
    const asked = error instanceof DeliveryError ? (error.retryAfterMs ?? 0) : 0
    const waitMs = Math.max(backoffMs(waits, row.attempts - 1) * (0.9 + 0.2 * deps.random()), Math.min(asked, waits.longestMs))
    const isRefused = error instanceof DeliveryError && error.refused && row.attempts >= refusedTimes
    const isOver = isRefused || now + waitMs > row.createdAt.getTime() + giveUpMs
    log.warn({ channel: deps.channels.nameOf(channelId), attempts: row.attempts, error: why, givenUp: isOver }, 'notification not sent')
    if (!isOver) return update(row.id, channelId, { nextAt: new Date(now + waitMs), error: why })
    await giveUp(em, channelId, row, why, clock.now())
    deps.onChange(channelId)
  }

  function later(channelId: string, ms: number): void {
    timers.get(channelId)?.()
    timers.set(
      channelId,
      clock.after(ms, () => wake(channelId)),
    )
  }

  async function work(channelId: string): Promise<void> {
    while (!isStopped) {
      const row = await nextOf(em, channelId)
      if (!row) return
      const waitMs = row.nextAt.getTime() - clock.now().getTime()
      if (waitMs > 0) return later(channelId, waitMs)
      await attempt(row, channelId)
    }
  }

  /** The channel may have something to send. */
  function wake(channelId: string): void {
    if (isStopped) return
    const former = running.get(channelId) ?? Promise.resolve()
    const next = former
      .then(() => work(channelId))
      .catch((error: unknown) => {
        log.warn({ channel: channelId, error: errorMessage(error) }, 'cannot read or save what waits to be sent yet')
        if (!isStopped) later(channelId, afterFailureMs)
      })
      .finally(() => {
        if (running.get(channelId) === next) running.delete(channelId)
      })
    running.set(channelId, next)
  }

  return {
    wake,
    wakeAll: (): void => deps.channels.all().forEach(({ id }) => wake(id)),

    /** The channel was changed or works again: what waits is tried now. */
    async hurry(channelId: string): Promise<void> {
      await em.fork().nativeUpdate(DeliveryEntity, { channel: channelId, state: 'waiting' }, { nextAt: clock.now() })
      wake(channelId)
    },

    /** Waits for what is being sent, and ends what takes long: it is sent again after the next start. */
    async stop(): Promise<void> {
      isStopped = true
      for (const cancel of timers.values()) cancel()
      const cancel = clock.after(stopWithinMs, () => ending.abort())
      await Promise.allSettled(running.values())
      cancel()
    },
  }
}
