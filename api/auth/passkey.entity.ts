import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { UserEntity } from './user.entity.ts'

/** A key pair in somebody's device, of which this is the public half. */
export const PasskeyEntity = defineEntity({
  name: 'Passkey',
  tableName: 'passkeys',
  properties: {
    /** The id that the device gave it, as base64url. */
    id: p.string().primary(),
    user: () => p.manyToOne(UserEntity).mapToPk().deleteRule('cascade'),
    name: p.string(),
    /** COSE, as base64url. */
    publicKey: p.string(),
    /** How often the device has used it. Stays 0 for most. */
    counter: p.integer(),
    transports: p.json<string[]>(),
    createdAt: p.datetime(),
    lastUsedAt: p.datetime().strictNullable(),
  },
})

export type PasskeyRow = InferEntity<typeof PasskeyEntity>
