import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { UserEntity } from './user.entity.ts'

/** The name and password with which someone signs in. */
export const PasswordEntity = defineEntity({
  name: 'Password',
  tableName: 'passwords',
  properties: {
    user: () => p.manyToOne(UserEntity).mapToPk().primary().deleteRule('cascade'),
    /** Lower case. */
    name: p.string().unique(),
    /** See password.ts. */
    passwordHash: p.string(),
    changedAt: p.datetime(),
  },
})

export type PasswordRow = InferEntity<typeof PasswordEntity>
