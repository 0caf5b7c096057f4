import { defineEntity, p } from '@mikro-orm/core'

/** A person from before passwords.ts. Read once after an upgrade; see former-local-users.ts. */
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
