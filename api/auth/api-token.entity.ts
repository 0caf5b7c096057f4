import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { Role } from './permissions.ts'
import { UserEntity } from './user.entity.ts'

/** A bearer token for scripts. */
export const ApiTokenEntity = defineEntity({
  name: 'ApiToken',
  tableName: 'api_tokens',
  properties: {
    id: p.uuid().primary(),
    /** Whose it is; null when it was made by whoever administers a server without sign-in. */
    user: () => p.manyToOne(UserEntity).mapToPk().strictNullable().deleteRule('cascade'),
    name: p.string(),
    scope: p.string().$type<Role>(),
    /** SHA-256; the token itself is shown once and kept nowhere. */
    secretHash: p.string(),
    createdAt: p.datetime(),
    expiresAt: p.datetime(),
    lastUsedAt: p.datetime().strictNullable(),
  },
})

export type ApiTokenRow = InferEntity<typeof ApiTokenEntity>
