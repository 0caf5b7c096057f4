import type { Clock } from '../clock.ts'
import type { AccessConfig } from './access-config.ts'
import type { Flow } from './flow.ts'
import { createGithub, githubName } from './github.ts'
import type { ProviderKind } from './grants.ts'
import { createOidc } from './oidc.ts'
import type { AllowList, Profile } from './users.ts'

export type SignInAccess = Extract<AccessConfig, { mode: 'sign-in' }>

/** One way to sign in. Both methods throw what `toSignInError` understands. */
export interface SignInProvider {
  /** In the paths /auth/{id} and /auth/{id}/callback. */
  id: 'github' | 'oidc'
  label: string
  /** Where to send the browser. */
  authorizationUrl(flow: Flow, redirectUri: string): Promise<URL>
  /** Who came back. @param answer the redirect URI with the query that the browser brought */
  profileOf(flow: Flow, answer: URL): Promise<Profile>
}

export function createProviders(access: SignInAccess, { clock }: { clock: Clock }): SignInProvider[] {
  return [...(access.github ? [createGithub(access.github)] : []), ...(access.oidc ? [createOidc(access.oidc, { clock })] : [])]
}

/** What grants call a provider; null for one that is not in use, and for accounts of this server itself. */
export function kindOf(access: AccessConfig, provider: string): ProviderKind | null {
  if (access.mode !== 'sign-in') return null
  if (access.github && provider === githubName(access.github)) return 'github'
  return access.oidc?.issuer === provider ? 'oidc' : null
}

/** Who may sign in, by the provider of a profile; null for a provider that is not, or no longer, in use. */
export function allowListOf(access: AccessConfig, provider: string): AllowList | null {
  if (access.mode !== 'sign-in') return null
  if (access.github && provider === githubName(access.github)) return access.github.allow
  return access.oidc?.issuer === provider ? access.oidc.allow : null
}
