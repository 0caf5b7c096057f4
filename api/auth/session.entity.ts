import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { UserEntity } from './user.entity.ts'

/** A signed-in browser. */
export const SessionEntity = defineEntity({
  name: 'Session',
  tableName: 'sessions',
  properties: {
    /** SHA-256 of what the cookie holds: whoever reads the database cannot sign in with it. */
    id: p.string().primary(),
    user: () => p.manyToOne(UserEntity).mapToPk().deleteRule('cascade'),
    createdAt: p.datetime(),
    lastUsedAt: p.datetime(),
    address: p.string(),
    userAgent: p.string(),
    /** SHA-256 of the secret that its browser keeps; null for a program that has none. */
    browser: p.string().strictNullable(),
  },
})

export type SessionRow = InferEntity<typeof SessionEntity>
