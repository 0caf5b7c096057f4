import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** A place from which someone has signed in with a password. Guesses from elsewhere do not slow down sign-ins from here. */
export const SignInPlaceEntity = defineEntity({
  name: 'SignInPlace',
  tableName: 'sign_in_places',
  properties: {
    /** SHA-256 of the name and the place. */
    id: p.string().primary(),
    /** The name that signed in, lower case. */
    name: p.string().index(),
    at: p.datetime(),
  },
})

export type SignInPlaceRow = InferEntity<typeof SignInPlaceEntity>
