import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** Whom an entry of AUTH_ADMINS and its like means: the account that was the first to have that name. */
export const GrantBindingEntity = defineEntity({
  name: 'GrantBinding',
  tableName: 'grant_bindings',
  properties: {
    /** Such as `github:alice`. */
    entry: p.string().primary(),
    provider: p.string(),
    /** The provider's own, lasting id of the account. */
    subject: p.string(),
    at: p.datetime(),
  },
})

export type GrantBindingRow = InferEntity<typeof GrantBindingEntity>
