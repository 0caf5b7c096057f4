import type { Action } from '../auth/action.ts'
import { AppError, invalidInput } from '../errors.ts'
import { severities } from '../cluster/alarms/alarm.ts'
import {
  channelKinds,
  deliveryStates,
  noticeEvents,
  smtpSecurities,
  type Channel,
  type ChannelInput,
  type ChannelKind,
} from '../notifications/channel.ts'
import type { Delivery, Notifications } from '../notifications/notifications.ts'
import type { Access } from './access.ts'

export const notificationActions = {
  createNotificationChannel: { word: 'notification-channel.create', permission: 'settings.change' },
  updateNotificationChannel: { word: 'notification-channel.update', permission: 'settings.change' },
  removeNotificationChannel: { word: 'notification-channel.remove', permission: 'settings.change' },
  testNotificationChannel: { word: 'notification-channel.test', permission: 'settings.change' },
} as const satisfies Record<string, Action>

/** What REST says of channels. */
export const notificationWords = { severities, channelKinds, smtpSecurities, noticeEvents, deliveryStates }

const mostListed = 200

/** To whom alarms go, for administrators of the whole cluster. */
export function createUserNotifications(deps: { access: Access; isPrimary: boolean; notifications: Notifications }) {
  const { access, notifications } = deps
  const { channels } = notifications
  /** Alarms of the whole cluster go out from one place. */
  function needPrimary(): void {
    if (!deps.isPrimary)
      throw new AppError('FORBIDDEN', 'This is a secondary node. Add channels on its primary, which sends the alarms of every node')
  }
  /** In the audit log, a channel is named as people know it. */
  const subjectOf = (id: string): string => channels.nameOf(id) ?? id.slice(0, 200)

  return {
    /** @throws FORBIDDEN */
    async list(): Promise<Channel[]> {
      access.need('settings.change')
      return channels.list()
    },
    /** Its log, the newest first. @throws FORBIDDEN, NOT_FOUND, INVALID_INPUT */
    async deliveries(id: string, first?: number | null): Promise<Delivery[]> {
      access.need('settings.change')
      const most = first ?? 50
      if (most < 1 || most > mostListed) throw invalidInput([{ field: 'first', message: `must be from 1 to ${mostListed}` }])
      return notifications.deliveries(id, most)
    },
    /** The channels whose messages change, as they do. @throws FORBIDDEN */
    watch() {
      access.need('settings.change')
      return access.watch('messages', { seen: (channelId) => channelId, keyOf: (channelId: string) => channelId })
    },
    create: (kind: ChannelKind, input: ChannelInput): Promise<Channel> =>
      access.act(notificationActions.createNotificationChannel, { subject: (input.name ?? '').slice(0, 200) }, async () => {
        needPrimary()
        return channels.create(kind, input)
      }),
    update: (id: string, input: ChannelInput): Promise<Channel> =>
      access.act(notificationActions.updateNotificationChannel, { subject: subjectOf(id) }, () => channels.update(id, input)),
    remove: (id: string): Promise<string> =>
      access.act(notificationActions.removeNotificationChannel, { subject: subjectOf(id) }, async () => {
        await channels.remove(id)
        return id
      }),
    /** Sends a test, and says how it went. */
    test: (id: string): Promise<Delivery> =>
      access.act(notificationActions.testNotificationChannel, { subject: subjectOf(id) }, () => notifications.test(id)),
  }
}
