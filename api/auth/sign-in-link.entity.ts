import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** The link that signs in as this node's administrator. A new one replaces the old one. */
export const SignInLinkEntity = defineEntity({
  name: 'SignInLink',
  tableName: 'sign_in_links',
  properties: {
    /** Always the same, so there is never more than one link. */
    id: p.string().primary(),
    /** SHA-256. The code itself is printed once and never stored. */
    codeHash: p.string(),
    createdAt: p.datetime(),
    expiresAt: p.datetime(),
  },
})

export type SignInLinkRow = InferEntity<typeof SignInLinkEntity>
