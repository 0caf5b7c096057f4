import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** The account that an entry of AUTH_ADMINS, AUTH_OPERATORS or AUTH_VIEWERS means: the first one seen with that name. */
export const GrantBindingEntity = defineEntity({
  name: 'GrantBinding',
  tableName: 'grant_bindings',
  properties: {
    /** Such as `github:alice`. */
    entry: p.string().primary(),
    provider: p.string(),
    /** The provider's permanent id for the account. */
    subject: p.string(),
    at: p.datetime(),
  },
})

export type GrantBindingRow = InferEntity<typeof GrantBindingEntity>
