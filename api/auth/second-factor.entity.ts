import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { UserEntity } from './user.entity.ts'

/** The authenticator app of someone who signs in with a password. */
export const SecondFactorEntity = defineEntity({
  name: 'SecondFactor',
  tableName: 'second_factors',
  properties: {
    user: () => p.manyToOne(UserEntity).mapToPk().primary().deleteRule('cascade'),
    /** Sealed. */
    secret: p.string(),
    /** Null until a code has proven that the app has the secret. It is not asked for before. */
    confirmedAt: p.datetime().strictNullable(),
    /** The time step of the last code, so that none works twice. */
    lastStep: p.integer(),
    /** SHA-256 of the recovery codes that are left. */
    recoveryHashes: p.json<string[]>(),
  },
})

export type SecondFactorRow = InferEntity<typeof SecondFactorEntity>
