import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** A person who signed in at least once. Identified by the provider's account id, because a login can change hands. */
export const UserEntity = defineEntity({
  name: 'User',
  tableName: 'users',
  uniques: [{ properties: ['provider', 'subject'] }],
  properties: {
    id: p.uuid().primary(),
    /** `github`, or the issuer of an OpenID Connect provider. */
    provider: p.string(),
    subject: p.string(),
    /** The allowlist entry that let this person in. They lose access when it is removed from the list. */
    allowedAs: p.string(),
    /** The login at the first sign-in. Roles use it, and the audit log keeps one name per person. */
    login: p.string(),
    name: p.string().strictNullable(),
    email: p.string().strictNullable(),
    /** From the provider, at the last sign-in. */
    groups: p.json<string[]>(),
    createdAt: p.datetime(),
    lastSignInAt: p.datetime(),
  },
})

export type UserRow = InferEntity<typeof UserEntity>
