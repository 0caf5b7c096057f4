import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** With it a new node may register itself, so many times. */
export const JoinTokenEntity = defineEntity({
  name: 'JoinToken',
  tableName: 'join_tokens',
  properties: {
    id: p.uuid().primary(),
    name: p.string().unique(),
    namePattern: p.string(),
    labels: p.json<Record<string, string>>(),
    /** SHA-256; the token itself is shown once and kept nowhere. */
    secretHash: p.string(),
    maxUses: p.integer(),
    uses: p.integer(),
    createdAt: p.datetime(),
    createdBy: p.string(),
    expiresAt: p.datetime(),
  },
})

export type JoinTokenRow = InferEntity<typeof JoinTokenEntity>
