import type { AlarmChange } from '../cluster/alarms/open-alarms.ts'
import { severities } from '../cluster/alarms/alarm.ts'
import { hasLabels } from '../cluster/members/labels.ts'
import type { Clock } from '../clock.ts'
import type { EntityManager } from '../db/orm.ts'
import type { EventHub } from '../events.ts'
import type { Log } from '../log.ts'
import type { Proxies } from '../proxies.ts'
import type { ViewEvents } from '../view-events.ts'
import type { Channel, ChannelInput, DeliveryState, NoticeEvent } from './channel.ts'
import { createChannels } from './channels.ts'
import { enqueue, enqueueEnd, pruneDeliveries, roomOf } from './delivery-records.ts'
import { createGuardedPost } from './guarded-post.ts'
import { noticeOf, testNotice, wordsOf } from './notice.ts'
import { DeliveryEntity, type DeliveryRow } from './notification.entity.ts'
import { createOutbox } from './outbox.ts'
import { createSend, failureWords } from './sending.ts'

/** A line of a channel's log. */
export interface Delivery {
  id: string
  channelId: string
  event: NoticeEvent
  title: string
  text: string
  state: DeliveryState
  attempts: number
  createdAt: Date
  /** When it is tried again; null unless it waits. */
  nextAt: Date | null
  endedAt: Date | null
  /** Why the last attempt failed, or why it was not sent. */
  error: string | null
}

/** Most that one answer lists. */
export const mostDeliveries = 200

export type Notifications = ReturnType<typeof createNotifications>

/** Alarms that go out: to whom, and that they arrive. */
export function createNotifications(deps: {
  em: EntityManager
  secrets: { seal: (value: string, context: string) => string; open: (sealed: string, context: string) => string }
  version: string
  proxies: Proxies
  /** The dashboard's address, for links. */
  baseUrl: () => string
  labelsOf: (nodeId: string) => Record<string, string>
  events: EventHub<ViewEvents>
  clock: Clock
  random: () => number
  log: Log
}) {
  const { em, clock, log } = deps
  const waiting = new Map<string, number>()
  const http = createGuardedPost({ clock, userAgent: `selfhostly/${deps.version}`, proxies: deps.proxies })
  const channels = createChannels({ ...deps, ...deps.secrets, waitingOf: (id) => waiting.get(id) ?? 0 })
  const send = createSend({ post: http.post, clock })
  const outbox = createOutbox({ ...deps, channels, send, onChange: (id) => deps.events.emit('messages', id) })
  const testing = new AbortController()

  /** Whether a channel wants to hear of an alarm. One of the whole cluster concerns everybody. */
  const wants = (
    { minSeverity, labels }: Pick<Channel, 'minSeverity' | 'labels'>,
    severity: Channel['minSeverity'],
    nodeId: string | null,
  ) => severities.indexOf(severity) >= severities.indexOf(minSeverity) && (nodeId === null || hasLabels(deps.labelsOf(nodeId), labels))

  async function saveAll(within: EntityManager, changes: AlarmChange[]): Promise<void> {
    const now = clock.now()
    const rooms = new Map<string, number>()
    const left = new Map<string, number>()
    for (const change of changes) {
      const notice = noticeOf(change, deps.baseUrl())
      if (change.over !== null) await enqueueEnd(within, notice, now)
      else
        for (const { id } of channels.all().filter((each) => wants(each, notice.alarm.severity, change.alarm.nodeId))) {
          const room = rooms.get(id) ?? (await roomOf(within, id))
          rooms.set(id, room - 1)
          if (room > 0) await enqueue(within, id, notice, now)
          else left.set(id, (left.get(id) ?? 0) + 1)
        }
    }
    for (const [id, count] of left)
      log.warn({ channel: channels.nameOf(id), count }, 'alarms do not go out through a channel: too many messages wait there')
  }

  async function recorded(channelId: string, error: string | null, notice: ReturnType<typeof testNotice>): Promise<Delivery> {
    const now = clock.now()
    const within = em.fork()
    const state = error === null ? ('sent' as const) : ('failed' as const)
    const times = { createdAt: now, nextAt: now, endedAt: now }
    const columns = { channel: channelId, alarmId: '', notice, state, attempts: 1, error, ...times }
    const id = await within.insert(DeliveryEntity, columns)
    return shown({ id: Number(id), notice, state, attempts: 1, error, ...times }, channelId)
  }

  async function countWaiting(): Promise<void> {
    const within = em.fork()
    for (const { id } of channels.all()) waiting.set(id, await within.count(DeliveryEntity, { channel: id, state: 'waiting' }))
  }

  return {
    channels: {
      list: async (): Promise<Channel[]> => {
        await countWaiting()
        return channels.list()
      },
      create: channels.create,
      async update(id: string, input: ChannelInput): Promise<Channel> {
        const channel = await channels.update(id, input)
        await outbox.hurry(id)
        return channel
      },
      remove: channels.remove,
      nameOf: channels.nameOf,
    },

    /** Sends a message now, past the queue. @returns how it went @throws NOT_FOUND */
    async test(id: string): Promise<Delivery> {
      const target = channels.target(id)
      const notice = testNotice(channels.nameOf(id) ?? '', clock.now(), deps.baseUrl())
      const error = await send(notice, target, `${id}-test-${clock.now().getTime()}`, testing.signal).then(
        () => null,
        (failure: unknown) => failureWords(failure, log),
      )
      if (error === null) await outbox.hurry(id)
      return recorded(id, error, notice)
    },

    /** The log of a channel, the newest first. @throws NOT_FOUND */
    async deliveries(channelId: string, first: number): Promise<Delivery[]> {
      channels.target(channelId)
      const rows = await em
        .fork()
        .find(
          DeliveryEntity,
          { channel: channelId },
          { orderBy: { id: 'desc' }, limit: Math.min(first, mostDeliveries), disableIdentityMap: true },
        )
      return rows.map((row) => shown(row, channelId))
    },

    /** Puts what follows from changes of the alarms into the queue, in their transaction. */
    save: saveAll,
    /** Call when that transaction is done. */
    saved(): void {
      outbox.wakeAll()
      for (const { id } of channels.all()) deps.events.emit('messages', id)
    },

    async start(): Promise<void> {
      await channels.start()
      outbox.wakeAll()
    },
    /** Deletes old lines of the logs. @param isOpen whether an alarm is open */
    async prune(isOpen: (alarmId: string) => boolean): Promise<void> {
      for (const { id } of channels.all()) await pruneDeliveries(em, id, isOpen)
    },
    async stop(): Promise<void> {
      testing.abort()
      await outbox.stop()
      await http.stop()
    },
  }
}

type Kept = Pick<DeliveryRow, 'id' | 'notice' | 'state' | 'attempts' | 'createdAt' | 'nextAt' | 'endedAt' | 'error'>

function shown({ id, notice, state, attempts, createdAt, nextAt, endedAt, error }: Kept, channelId: string): Delivery {
  return {
    ...{ id: String(id), channelId, event: notice.event, state, attempts, createdAt, endedAt, error },
    ...wordsOf(notice),
    nextAt: state === 'waiting' ? nextAt : null,
  }
}
