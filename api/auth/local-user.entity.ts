import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** Someone who can sign in at this node with a name and a password, even while the primary is away. */
export const LocalUserEntity = defineEntity({
  name: 'LocalUser',
  tableName: 'local_users',
  properties: {
    /** Lower case. */
    name: p.string().primary(),
    /** A new one for each password. Accounts that signed in with the old password are removed. */
    version: p.uuid(),
    /** See password.ts. */
    passwordHash: p.string(),
    createdAt: p.datetime(),
    changedAt: p.datetime(),
  },
})

export type LocalUserRow = InferEntity<typeof LocalUserEntity>
