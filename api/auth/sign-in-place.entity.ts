import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** From where somebody has signed in with a password: whoever comes from there again is not held up by what others guess. */
export const SignInPlaceEntity = defineEntity({
  name: 'SignInPlace',
  tableName: 'sign_in_places',
  properties: {
    /** SHA-256 of the name and the place. */
    id: p.string().primary(),
    /** Whose, lower case. */
    name: p.string().index(),
    at: p.datetime(),
  },
})

export type SignInPlaceRow = InferEntity<typeof SignInPlaceEntity>
