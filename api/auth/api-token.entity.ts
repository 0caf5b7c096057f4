import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { Role } from './permissions.ts'
import { UserEntity } from './user.entity.ts'

/** A bearer token for scripts. */
export const ApiTokenEntity = defineEntity({
  name: 'ApiToken',
  tableName: 'api_tokens',
  properties: {
    id: p.uuid().primary(),
    /** The owner. Null for a token made on a server without sign-in, before such tokens belonged to `machine`. */
    user: () => p.manyToOne(UserEntity).mapToPk().strictNullable().deleteRule('cascade'),
    name: p.string(),
    scope: p.string().$type<Role>(),
    /** SHA-256. The token itself is shown once and never stored. */
    secretHash: p.string(),
    createdAt: p.datetime(),
    expiresAt: p.datetime(),
    lastUsedAt: p.datetime().strictNullable(),
  },
})

export type ApiTokenRow = InferEntity<typeof ApiTokenEntity>
