import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { SealedColumn } from '../../auth/secret-key-rotation.ts'
import type { NodeAbout } from './node-about.ts'
import type { NodeHold } from './hold-rules.ts'
import type { NodeStatus, StatusSignal } from './node-status.ts'

/** A node of the cluster, as stored by its primary. */
export const NodeEntity = defineEntity({
  name: 'Node',
  tableName: 'nodes',
  properties: {
    id: p.uuid().primary(),
    name: p.string().unique(),
    apiEndpoint: p.string(),
    /** Sealed by the secret box. Empty for the primary itself. */
    apiKey: p.text(),
    /** Sealed. Empty unless a key change is in progress. */
    nextApiKey: p.text().default(''),
    /** Null for the primary itself, which shares its key with no other node. */
    keyChangedAt: p.datetime().strictNullable(),
    isPrimary: p.boolean(),
    labels: p.json<Record<string, string>>().defaultRaw(`'{}'`),
    /** What the node last reported about its program. */
    about: p.json<NodeAbout>().strictNullable(),
    /** If set, the node takes no new apps. */
    cordon: p.json<NodeHold>().strictNullable(),
    /** If set, the node raises no alarms. */
    maintenance: p.json<NodeHold>().strictNullable(),
    status: p.string().$type<NodeStatus>(),
    statusSince: p.datetime(),
    statusReason: p.text().strictNullable(),
    statusSignal: p.string().$type<StatusSignal>(),
    lastSeen: p.datetime().strictNullable(),
    lastHealthCheck: p.datetime().strictNullable(),
    consecutiveFailures: p.integer(),
    answeredSinceRegistration: p.boolean(),
    nextCheckAt: p.datetime().strictNullable(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
})

export type NodeRow = InferEntity<typeof NodeEntity>

export const nodeKeys: SealedColumn = {
  rows: async (em) => (await em.find(NodeEntity, {})).map(({ id, apiKey: sealed }) => ({ id, sealed })),
  contextOf: (nodeId) => `node.apiKey:${nodeId}`,
  write: (em, id, apiKey) => em.nativeUpdate(NodeEntity, { id }, { apiKey }),
}

export const nextNodeKeys: SealedColumn = {
  rows: async (em) => (await em.find(NodeEntity, {})).map(({ id, nextApiKey: sealed }) => ({ id, sealed })),
  contextOf: nodeKeys.contextOf,
  write: (em, id, nextApiKey) => em.nativeUpdate(NodeEntity, { id }, { nextApiKey }),
}
