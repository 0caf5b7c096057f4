import type { UserItem } from '../../graphql/items.ts'

/** How people without a provider sign in. They have no e-mail address. */
const own: Record<string, string> = { link: 'sign-in link', machine: 'API tokens', local: 'name and password' }

/** A provider's account without an address has none that the provider verified. */
export const emailWords = ({ email, provider }: Pick<UserItem, 'email' | 'provider'>): string =>
  email ?? (provider in own ? 'none' : 'not verified')

/** Every way in which somebody signs in. */
export const waysWords = (user: Pick<UserItem, 'provider' | 'passwordName' | 'hasSecondFactor' | 'passkeyCount'>): string =>
  [
    providerWords(user.provider),
    ...(user.passwordName && user.provider !== 'local' ? ['password'] : []),
    ...(user.hasSecondFactor ? ['authenticator app'] : []),
    ...(user.passkeyCount > 0 ? ['passkey'] : []),
  ].join(', ')

export const providerWords = (provider: string): string => own[provider] ?? (provider === 'github' ? 'GitHub' : provider)
