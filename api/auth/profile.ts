/** What a provider says about the person who has just signed in. */
export interface Profile {
  /** `github`, or the issuer of an OpenID Connect provider. */
  provider: string
  /** The provider's permanent id for the account. */
  subject: string
  login: string
  name: string | null
  /** Null unless the provider has verified it. */
  email: string | null
  /** An address the provider has not verified. It lets nobody in, but the person should be told why. */
  unverifiedEmail?: string | null
  groups: string[]
}

/** Who can sign in with one provider. Users are lower case. */
export interface AllowList {
  users: string[]
  groups: string[]
}
