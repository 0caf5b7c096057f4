import type { Channel, ChannelInput, ChannelKind, DeliveryState, NoticeEvent, SmtpSecurity } from '../api/notifications/channel.ts'
import type { Delivery } from '../api/notifications/notifications.ts'
import { notificationActions } from '../api/user/notifications.ts'
import { AlarmSeverity } from './alarms.ts'
import { action, builder, permission } from './builder.ts'
import { NodeLabel, NodeLabelInput } from './labels.ts'

const ChannelKindEnum = builder.enumType('NotificationChannelKind', {
  values: {
    WEBHOOK: {
      value: 'webhook',
      description: 'JSON by POST, signed: X-Selfhostly-Signature is HMAC-SHA256 over timestamp, full stop and body.',
    },
    NTFY: { value: 'ntfy', description: 'A topic of ntfy.' },
    EMAIL: { value: 'email', description: 'E-mail by SMTP.' },
    DISCORD: { value: 'discord', description: 'A webhook of Discord, or of something that takes the same.' },
  } as const satisfies Record<string, { value: ChannelKind; description: string }>,
})
const Security = builder.enumType('SmtpSecurity', {
  values: {
    TLS: { value: 'tls', description: 'TLS from the start, usually port 465.' },
    STARTTLS: { value: 'starttls', description: 'TLS after the greeting, usually port 587. Without it, nothing is sent.' },
    NONE: { value: 'none', description: 'No encryption. Not with a password, unless the server is on this machine.' },
  } as const satisfies Record<string, { value: SmtpSecurity; description: string }>,
})
const Event = builder.enumType('NotificationEvent', {
  values: {
    ALARM: { value: 'alarm' },
    RECOVERY: { value: 'recovery', description: 'An alarm is over. Only for channels that got the alarm.' },
    TEST: { value: 'test' },
  } as const satisfies Record<string, { value: NoticeEvent; description?: string }>,
})
const State = builder.enumType('NotificationState', {
  values: {
    WAITING: { value: 'waiting', description: 'It is sent as soon as the receiver takes it.' },
    SENT: { value: 'sent' },
    FAILED: { value: 'failed', description: 'It was tried for a day, or was a test.' },
    DROPPED: { value: 'dropped', description: 'The alarm was over before it was sent.' },
  } as const satisfies Record<string, { value: DeliveryState; description?: string }>,
})

const EmailRef = builder.objectRef<NonNullable<Channel['email']>>('NotificationEmail').implement({
  fields: (t) => ({
    host: t.exposeString('host'),
    port: t.exposeInt('port'),
    security: t.field({ type: Security, resolve: ({ security }) => security }),
    username: t.exposeString('username', { nullable: true }),
    from: t.exposeString('from'),
    to: t.exposeStringList('to'),
  }),
})

const DeliveryRef = builder.objectRef<Delivery>('NotificationDelivery').implement({
  description: 'A message for a channel. The newest 200 of each channel are kept.',
  fields: (t) => ({
    id: t.exposeID('id'),
    event: t.field({ type: Event, resolve: ({ event }) => event }),
    title: t.exposeString('title'),
    text: t.exposeString('text'),
    state: t.field({ type: State, resolve: ({ state }) => state }),
    attempts: t.exposeInt('attempts'),
    createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
    nextAt: t.field({ type: 'DateTime', nullable: true, description: 'When it is tried again.', resolve: ({ nextAt }) => nextAt }),
    endedAt: t.field({ type: 'DateTime', nullable: true, resolve: ({ endedAt }) => endedAt }),
    error: t.exposeString('error', { nullable: true, description: 'Why the last attempt failed, or why it was not sent.' }),
  }),
})

const ChannelRef = builder.objectRef<Channel>('NotificationChannel').implement({
  description: 'A way for alarms to reach people. Secrets and full addresses of webhooks are never shown.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    kind: t.field({ type: ChannelKindEnum, resolve: ({ kind }) => kind }),
    address: t.exposeString('address', { description: 'Where it leads, without what is secret.' }),
    minSeverity: t.field({ type: AlarmSeverity, resolve: ({ minSeverity }) => minSeverity }),
    labels: t.field({
      type: [NodeLabel],
      description: 'Only alarms of nodes with all of these labels, and those of the whole cluster.',
      resolve: ({ labels }) => labels,
    }),
    email: t.field({ type: EmailRef, nullable: true, resolve: ({ email }) => email }),
    hasSecret: t.exposeBoolean('hasSecret', { description: 'Whether it has a signing secret, a token or a password.' }),
    waiting: t.exposeInt('waiting', { description: 'Messages that wait to be sent.' }),
    deliveries: t.field({
      type: [DeliveryRef],
      description: 'Its log, the newest first.',
      args: { first: t.arg.int({ defaultValue: 20 }) },
      resolve: ({ id }, { first }, { user }) => user.notifications.deliveries(id, first),
    }),
    createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
    updatedAt: t.field({ type: 'DateTime', resolve: ({ updatedAt }) => updatedAt }),
  }),
})

const ChannelInputRef = builder.inputRef<ChannelInput>('NotificationChannelInput').implement({
  description:
    'Fields that are left out take their default, or stay as they are. `url` and `secret` belong to webhooks and ntfy, `url` to Discord, the others and `secret` to e-mail. A change of the server forgets the secret.',
  fields: (t) => ({
    name: t.string({ description: 'Required for a new channel.' }),
    minSeverity: t.field({ type: AlarmSeverity, description: 'Default: WARNING, which is every alarm.' }),
    labels: t.field({ type: [NodeLabelInput] }),
    url: t.string({ description: 'Of the webhook, or of the topic of ntfy, such as https://ntfy.sh/my-topic.' }),
    secret: t.string({
      description: 'Write-only: the signing secret of a webhook, the token of ntfy, the password of a mail account. Empty removes it.',
    }),
    host: t.string(),
    port: t.int({ description: 'Default: 587.' }),
    security: t.field({ type: Security, description: 'Default: STARTTLS.' }),
    username: t.string(),
    from: t.string(),
    to: t.stringList({ description: 'At most 20 addresses.' }),
  }),
})

builder.queryFields((t) => ({
  notificationChannels: t.field({
    type: [ChannelRef],
    ...permission('settings.change'),
    description: 'To whom alarms go, by name.',
    resolve: (_root, _args, { user }) => user.notifications.list(),
  }),
}))

builder.subscriptionFields((t) => ({
  notificationsChanged: t.field({
    type: 'ID',
    description: 'The channel whose messages changed. Ask for it again.',
    ...permission('settings.change'),
    subscribe: (_root, _args, { user }) => user.notifications.watch(),
    resolve: (channelId) => channelId,
  }),
}))

builder.mutationFields((t) => ({
  createNotificationChannel: t.field({
    type: ChannelRef,
    ...action(notificationActions.createNotificationChannel),
    args: { kind: t.arg({ type: ChannelKindEnum, required: true }), input: t.arg({ type: ChannelInputRef, required: true }) },
    resolve: (_root, { kind, input }, { user }) => user.notifications.create(kind, input),
  }),
  updateNotificationChannel: t.field({
    type: ChannelRef,
    ...action(notificationActions.updateNotificationChannel),
    description: 'What waits to be sent is tried again at once.',
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: ChannelInputRef, required: true }) },
    resolve: (_root, { id, input }, { user }) => user.notifications.update(id, input),
  }),
  removeNotificationChannel: t.field({
    type: 'ID',
    ...action(notificationActions.removeNotificationChannel),
    description: 'Removes a channel with its log and what waits to be sent.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.notifications.remove(id),
  }),
  testNotificationChannel: t.field({
    type: DeliveryRef,
    ...action(notificationActions.testNotificationChannel),
    description: 'Sends a test now and says how it went.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.notifications.test(id),
  }),
}))
