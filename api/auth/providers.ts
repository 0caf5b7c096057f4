import type { Clock } from '../clock.ts'
import type { AccessConfig } from './access-config.ts'
import { createGithub, githubName } from './github.ts'
import type { ProviderKind } from './grants.ts'
import { createOidc } from './oidc.ts'
import type { SignInProvider } from './sign-in-provider.ts'
import type { AllowList } from './profile.ts'

export type SignInAccess = Extract<AccessConfig, { mode: 'sign-in' }>

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
