import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { SealedColumn } from '../auth/secret-key-rotation.ts'
import type { Severity } from '../cluster/alarms/alarm.ts'
import type { LabelPair } from '../cluster/members/labels.ts'
import type { ChannelKind, DeliveryState } from './channel.ts'
import type { Notice } from './notice.ts'

/** A way for alarms to reach people. */
export const ChannelEntity = defineEntity({
  name: 'NotificationChannel',
  tableName: 'notification_channels',
  properties: {
    id: p.uuid().primary(),
    name: p.string(),
    kind: p.string().$type<ChannelKind>(),
    minSeverity: p.string().$type<Severity>(),
    labels: p.json<LabelPair[]>(),
    /** Sealed by the secret box, as JSON. */
    target: p.text(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
})

/** A message for one channel: it waits here until it is sent, and stays for a while as a line of the log. */
export const DeliveryEntity = defineEntity({
  name: 'NotificationDelivery',
  tableName: 'notification_deliveries',
  properties: {
    id: p.integer().primary().autoincrement(),
    channel: () => p.manyToOne(ChannelEntity).deleteRule('cascade'),
    /** Empty for a test. */
    alarmId: p.string(),
    notice: p.json<Notice>(),
    state: p.string().$type<DeliveryState>(),
    /** Counted before each attempt, so one that a crash cut short counts as well. */
    attempts: p.integer(),
    createdAt: p.datetime(),
    nextAt: p.datetime(),
    endedAt: p.datetime().strictNullable(),
    error: p.text().strictNullable(),
  },
  indexes: [{ properties: ['channel', 'state', 'id'] }, { properties: ['alarmId'] }],
})

export type ChannelRow = InferEntity<typeof ChannelEntity>
export type DeliveryRow = InferEntity<typeof DeliveryEntity>

export const channelTargets: SealedColumn = {
  rows: async (em) => (await em.find(ChannelEntity, {})).map(({ id, target: sealed }) => ({ id, sealed })),
  contextOf: (id) => `notification-channel:${id}`,
  write: (em, id, target) => em.nativeUpdate(ChannelEntity, { id }, { target }),
}
