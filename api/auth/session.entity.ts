import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { UserEntity } from './user.entity.ts'

/** How a session began. */
export type SignInMethod = 'link' | 'password' | 'provider' | 'invitation' | 'passkey'

/** A signed-in browser. */
export const SessionEntity = defineEntity({
  name: 'Session',
  tableName: 'sessions',
  properties: {
    /** SHA-256 of the cookie's value, so that someone who reads the database cannot sign in with it. */
    id: p.string().primary(),
    user: () => p.manyToOne(UserEntity).mapToPk().deleteRule('cascade'),
    createdAt: p.datetime(),
    lastUsedAt: p.datetime(),
    address: p.string(),
    userAgent: p.string(),
    /** SHA-256 of the browser's own secret. Null for programs, which have none. */
    browser: p.string().strictNullable(),
    /** Null for sessions from before this was stored. */
    method: p.string().$type<SignInMethod>().strictNullable(),
  },
})

export type SessionRow = InferEntity<typeof SessionEntity>
