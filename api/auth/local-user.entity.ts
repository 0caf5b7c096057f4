import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** Somebody who may sign in at this very node with a name and a password, while its primary is away. */
export const LocalUserEntity = defineEntity({
  name: 'LocalUser',
  tableName: 'local_users',
  properties: {
    /** Lower case. */
    name: p.string().primary(),
    /** Made anew with each password: who signed in with the one before is nobody any more. */
    version: p.uuid(),
    /** See password.ts. */
    passwordHash: p.string(),
    createdAt: p.datetime(),
    changedAt: p.datetime(),
  },
})

export type LocalUserRow = InferEntity<typeof LocalUserEntity>
