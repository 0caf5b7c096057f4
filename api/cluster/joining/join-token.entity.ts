import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** Lets new nodes register themselves, up to `maxUses` times. */
export const JoinTokenEntity = defineEntity({
  name: 'JoinToken',
  tableName: 'join_tokens',
  properties: {
    id: p.uuid().primary(),
    name: p.string().unique(),
    namePattern: p.string(),
    labels: p.json<Record<string, string>>(),
    /** SHA-256. The token itself is shown once and never stored. */
    secretHash: p.string(),
    maxUses: p.integer(),
    uses: p.integer(),
    createdAt: p.datetime(),
    createdBy: p.string(),
    expiresAt: p.datetime(),
  },
})

export type JoinTokenRow = InferEntity<typeof JoinTokenEntity>
