import type { Clock } from '../clock.ts'
import type { AccessConfig } from './access-config.ts'
import type { Flow } from './flow.ts'
import { createGithub, githubName } from './github.ts'
import type { ProviderKind } from './grants.ts'
import { createOidc } from './oidc.ts'
import type { AllowList, Profile } from './users.ts'

export type SignInAccess = Extract<AccessConfig, { mode: 'sign-in' }>

/** One way to sign in. Both methods throw errors that `toSignInError` understands. */
export interface SignInProvider {
  /** Part of the paths /auth/{id} and /auth/{id}/callback. */
  id: 'github' | 'oidc'
  label: string
  /** Where to send the browser. */
  authorizationUrl(flow: Flow, redirectUri: string): Promise<URL>
  /** The person who returned. @param answer the redirect URI with the query that the browser sent */
  profileOf(flow: Flow, answer: URL): Promise<Profile>
}

export function createProviders(access: SignInAccess, { clock }: { clock: Clock }): SignInProvider[] {
  return [...(access.github ? [createGithub(access.github)] : []), ...(access.oidc ? [createOidc(access.oidc, { clock })] : [])]
}

/** The name that grants use for a provider. Null if it is not in use, and for accounts of this server itself. */
export function kindOf(access: AccessConfig, provider: string): ProviderKind | null {
  if (access.mode !== 'sign-in') return null
  if (access.github && provider === githubName(access.github)) return 'github'
  return access.oidc?.issuer === provider ? 'oidc' : null
}

/** Who can sign in with a provider. Null if it is not in use. */
export function allowListOf(access: AccessConfig, provider: string): AllowList | null {
  if (access.mode !== 'sign-in') return null
  if (access.github && provider === githubName(access.github)) return access.github.allow
  return access.oidc?.issuer === provider ? access.oidc.allow : null
}
