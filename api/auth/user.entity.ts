import type { NodeLimit } from './caller.ts'
import type { Role } from './permissions.ts'
import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** `allowedAs` of people whom an administrator let in. No allowlist has it, because its entries have no spaces. */
export const givenByAdministrator = 'an administrator'

/** A person who signed in at least once. Identified by the provider's account id, because a login can change hands. */
export const UserEntity = defineEntity({
  name: 'User',
  tableName: 'users',
  uniques: [{ properties: ['provider', 'subject'] }],
  properties: {
    id: p.uuid().primary(),
    /** `github`, the issuer of an OpenID Connect provider, or a word of this server; see own-accounts.ts. */
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
    /** Given in the dashboard. Null if nobody gave one. */
    role: p.string().$type<Role>().strictNullable(),
    /** Given together with the role. Null means every node. */
    nodeLimit: p.json<Exclude<NodeLimit, null>>().strictNullable(),
    createdAt: p.datetime(),
    lastSignInAt: p.datetime(),
  },
})

export type UserRow = InferEntity<typeof UserEntity>
