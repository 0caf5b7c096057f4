import { setImmediate as nextTurn } from 'node:timers/promises'
import type { EntityManager } from '../db/orm.ts'
import type { Notice } from './notice.ts'
import { DeliveryEntity, type DeliveryRow } from './notification.entity.ts'

/** The newest lines of each channel's log that are kept. */
const keptPerChannel = 200
/** A receiver that is away while everything fails gets no more than this. */
export const mostWaiting = 200
const perTurn = 500

/** Puts a message into the queue of a channel. */
export async function enqueue(within: EntityManager, channelId: string, notice: Notice, now: Date): Promise<void> {
  const alarmId = notice.event === 'test' ? '' : notice.alarm.id
  const times = { createdAt: now, nextAt: now, endedAt: null }
  await within.insert(DeliveryEntity, { channel: channelId, alarmId, notice, state: 'waiting', attempts: 0, error: null, ...times })
}

/** How many more alarms the queue of a channel takes. The end of what was sent always has a place. */
export async function roomOf(within: EntityManager, channelId: string): Promise<number> {
  return mostWaiting - (await within.count(DeliveryEntity, { channel: channelId, state: 'waiting' }))
}

/**
 * An alarm has ended. Who got it, or may have got it, gets its end. An alarm that no attempt was made to send is not sent at all.
 *
 * @returns the channels that have something to send
 */
export async function enqueueEnd(within: EntityManager, notice: Notice, now: Date): Promise<void> {
  const begun = await within.find(DeliveryEntity, { alarmId: notice.alarm.id }, { disableIdentityMap: true })
  for (const row of begun.filter((each) => each.notice.event === 'alarm')) {
    if (row.state === 'waiting' && row.attempts === 0) {
      const over = { state: 'dropped' as const, endedAt: now, error: 'It was over before it was sent' }
      await within.nativeUpdate(DeliveryEntity, { id: row.id }, over)
    } else if (row.state === 'waiting' || row.state === 'sent') {
      await enqueue(within, row.channel.id, notice, now)
    }
  }
}

/** A message is given up. If it is an alarm, its end is news to nobody. */
export const giveUp = (
  em: EntityManager,
  channelId: string,
  { id, alarmId, notice }: DeliveryRow,
  error: string,
  now: Date,
): Promise<void> =>
  em.fork().transactional(async (within) => {
    await within.nativeUpdate(DeliveryEntity, { id }, { state: 'failed', endedAt: now, error })
    if (notice.event !== 'alarm') return
    const over = { state: 'dropped' as const, endedAt: now, error: 'Its alarm could not be sent' }
    await within.nativeUpdate(DeliveryEntity, { channel: channelId, alarmId, state: 'waiting' }, over)
  })

/** The oldest message that waits. Later ones wait for it, so that no end overtakes its beginning. */
export const nextOf = (em: EntityManager, channelId: string): Promise<DeliveryRow | null> =>
  em.fork().findOne(DeliveryEntity, { channel: channelId, state: 'waiting' }, { orderBy: { id: 'asc' }, disableIdentityMap: true })

/** Deletes old lines of the log, but none of an alarm that is open: its end is sent to those who got it. */
export async function pruneDeliveries(em: EntityManager, channelId: string, isOpen: (alarmId: string) => boolean): Promise<void> {
  const where = { channel: channelId, state: { $ne: 'waiting' as const } }
  const fields = ['id' as const, 'alarmId' as const, 'state' as const]
  for (let offset = keptPerChannel; ; await nextTurn()) {
    const within = em.fork()
    const options = { orderBy: { id: 'desc' as const }, offset, limit: perTurn, fields, disableIdentityMap: true }
    const old = await within.find(DeliveryEntity, where, options)
    const ids = old.filter(({ alarmId, state }) => state !== 'sent' || !isOpen(alarmId)).map(({ id }) => id)
    if (ids.length > 0) await within.nativeDelete(DeliveryEntity, { id: { $in: ids } })
    if (old.length < perTurn) return
    offset += old.length - ids.length
  }
}
