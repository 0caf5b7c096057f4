import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** A person who signed in at least once. Bound to the provider's own id of the account: a login can change hands. */
export const UserEntity = defineEntity({
  name: 'User',
  tableName: 'users',
  uniques: [{ properties: ['provider', 'subject'] }],
  properties: {
    id: p.uuid().primary(),
    /** `github`, or the issuer of an OpenID Connect provider. */
    provider: p.string(),
    subject: p.string(),
    /** The entry of the allow list that let this person in; when it is taken off the list, so is the person. */
    allowedAs: p.string(),
    /** As at the first sign-in: roles go by it, and the audit log keeps one name for one person. */
    login: p.string(),
    name: p.string().strictNullable(),
    email: p.string().strictNullable(),
    /** As the provider said at the last sign-in. */
    groups: p.json<string[]>(),
    createdAt: p.datetime(),
    lastSignInAt: p.datetime(),
  },
})

export type UserRow = InferEntity<typeof UserEntity>
