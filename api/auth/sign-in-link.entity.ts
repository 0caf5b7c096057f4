import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** The one link that signs in as the administrator of this node: a new one takes the place of the one before. */
export const SignInLinkEntity = defineEntity({
  name: 'SignInLink',
  tableName: 'sign_in_links',
  properties: {
    /** Always the same, so that there is never more than one. */
    id: p.string().primary(),
    /** SHA-256; the code itself is printed once and kept nowhere. */
    codeHash: p.string(),
    createdAt: p.datetime(),
    expiresAt: p.datetime(),
  },
})

export type SignInLinkRow = InferEntity<typeof SignInLinkEntity>
