import { isIP } from 'node:net'
import { z } from 'zod'
import { atLeast, flag, httpUrl, list, optional } from '../setting-types.ts'
import { inUse, parseGrants, type Grant, type ProviderKind } from './grants.ts'
import type { Role } from './permissions.ts'
import type { AllowList } from './profile.ts'

/** Who can use the user surface: people who sign in, or everyone the edge lets through. */
export type AccessConfig = BrowserConfig &
  (
    | {
        mode: 'trusted-edge'
        /** Cloudflare Access signs a token for everyone it lets through. Null admits anyone who reaches the port. */
        cloudflare: { issuer: string; audience: string } | null
        grants: Grant[]
      }
    /** Without providers, people use this server's printed link or a password. `secret` is JWT_SECRET. */
    | { mode: 'sign-in'; secret: string | undefined; github: GithubConfig | null; oidc: OidcConfig | null; grants: Grant[] }
  )

export interface BrowserConfig {
  /** URL at which people reach this server. Undefined means NODE_API_ENDPOINT. */
  baseUrl: string | undefined
  /** Addresses and networks (CIDR) whose forwarding headers are trusted. */
  trustedProxies: string[]
  /** Origins of other sites whose pages can call this server. */
  corsOrigins: string[]
  /** Host names this server answers to, besides its own. */
  allowedHosts: string[]
}

export interface GithubConfig {
  clientId: string
  clientSecret: string
  allow: AllowList
  /** `https://github.com`, or a GitHub Enterprise Server. */
  baseUrl: string
}

export interface OidcConfig {
  issuer: string
  clientId: string
  clientSecret: string
  /** Shown on the button "Sign in with ...". */
  label: string
  allow: AllowList
  groupsClaim: string
  scope: string
}

const grants = (role: Role) =>
  optional.transform((value, context): Grant[] => {
    try {
      return parseGrants(role, value ?? '')
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) })
      return z.NEVER
    }
  })

export const accessSettings = {
  AUTH_ENABLED: flag(undefined),
  AUTH_BASE_URL: httpUrl,
  JWT_SECRET: atLeast(32, 'for example the output of: openssl rand -hex 32'),
  GITHUB_CLIENT_ID: optional,
  GITHUB_CLIENT_SECRET: optional,
  GITHUB_ALLOWED_USERS: optional,
  GITHUB_BASE_URL: httpUrl,
  OIDC_ISSUER: httpUrl,
  OIDC_CLIENT_ID: optional,
  OIDC_CLIENT_SECRET: optional,
  OIDC_LABEL: optional,
  OIDC_SCOPE: optional,
  OIDC_GROUPS_CLAIM: optional,
  OIDC_ALLOWED_USERS: optional,
  OIDC_ALLOWED_GROUPS: optional,
  AUTH_ADMINS: grants('admin'),
  AUTH_OPERATORS: grants('operator'),
  AUTH_VIEWERS: grants('viewer'),
  CF_ACCESS_TEAM_DOMAIN: optional,
  CF_ACCESS_AUD: optional,
  TRUSTED_PROXIES: list.refine(
    (networks) => networks.every(isNetwork),
    'must be addresses or networks such as 127.0.0.1, 172.16.0.0/12, fd00::/8, separated by commas',
  ),
  CORS_ORIGINS: list.refine(
    (origins) => origins.every((origin) => URL.parse(origin)?.origin === origin),
    'must be origins such as https://tools.example.com, without a path, separated by commas',
  ),
  ALLOWED_HOSTS: list,
} as const

type Values = z.output<z.ZodObject<typeof accessSettings>>

/** Settings that have no effect on a secondary. */
export const signInSettings = [
  'AUTH_ENABLED',
  'JWT_SECRET',
  'GITHUB_CLIENT_ID',
  'GITHUB_CLIENT_SECRET',
  'GITHUB_ALLOWED_USERS',
  'OIDC_ISSUER',
  'OIDC_CLIENT_ID',
  'OIDC_CLIENT_SECRET',
  'CF_ACCESS_TEAM_DOMAIN',
  'CF_ACCESS_AUD',
] as const

function isNetwork(network: string): boolean {
  const [address = '', prefix, ...rest] = network.split('/')
  const bits = isIP(address) === 6 ? 128 : 32
  return isIP(address) !== 0 && rest.length === 0 && (prefix === undefined || (/^\d+$/.test(prefix) && Number(prefix) <= bits))
}

const githubNames = ['GITHUB_CLIENT_ID', 'GITHUB_CLIENT_SECRET', 'GITHUB_ALLOWED_USERS']
const oidcNames = ['OIDC_ISSUER', 'OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET']

/** Settings that require each other, checked on the raw environment. */
export function accessProblems(env: Record<string, string | undefined>): string[] {
  const has = (name: string): boolean => Boolean(env[name]?.trim())
  const problems: string[] = []
  if (has('CF_ACCESS_TEAM_DOMAIN') !== has('CF_ACCESS_AUD')) {
    const missing = has('CF_ACCESS_AUD') ? 'CF_ACCESS_TEAM_DOMAIN' : 'CF_ACCESS_AUD'
    problems.push(`${missing} is missing: Cloudflare Access tokens are checked against both CF_ACCESS_TEAM_DOMAIN and CF_ACCESS_AUD`)
  }
  if (!/^(true|1)$/i.test(env['AUTH_ENABLED']?.trim() ?? '')) return problems
  const startedGithub = githubNames.some(has)
  const startedOidc = oidcNames.some(has)
  const missing = (names: string[]): string[] => names.filter((each) => !has(each))
  for (const name of startedGithub ? missing(githubNames) : []) {
    problems.push(`${name} is required to sign in with GitHub: set ${githubNames.join(', ')}, or none of them`)
  }
  for (const name of startedOidc ? missing(oidcNames) : []) {
    problems.push(`${name} is required to sign in with OpenID Connect: set ${oidcNames.join(', ')}, or none of them`)
  }
  if (startedOidc && !has('OIDC_ALLOWED_USERS') && !has('OIDC_ALLOWED_GROUPS')) {
    problems.push('OIDC_ALLOWED_USERS or OIDC_ALLOWED_GROUPS is required with OIDC_ISSUER: it says who can sign in')
  }
  return problems
}

export function toAccess(values: Values): AccessConfig {
  const browser: BrowserConfig = {
    baseUrl: values.AUTH_BASE_URL,
    trustedProxies: values.TRUSTED_PROXIES,
    corsOrigins: values.CORS_ORIGINS,
    allowedHosts: values.ALLOWED_HOSTS,
  }
  const granted = [...values.AUTH_ADMINS, ...values.AUTH_OPERATORS, ...values.AUTH_VIEWERS]
  const secret = values.JWT_SECRET
  if (values.AUTH_ENABLED === undefined) return { ...browser, mode: 'sign-in', secret, github: null, oidc: null, grants: [] }
  if (!values.AUTH_ENABLED) {
    return { ...browser, mode: 'trusted-edge', cloudflare: toCloudflare(values), grants: inUse(granted, ['access']) }
  }
  const [github, oidc] = [toGithub(values), toOidc(values)]
  const kinds: ProviderKind[] = [...(github ? (['github'] as const) : []), ...(oidc ? (['oidc'] as const) : [])]
  return { ...browser, mode: 'sign-in', secret, github, oidc, grants: inUse(granted, kinds) }
}

function toCloudflare({ CF_ACCESS_TEAM_DOMAIN: domain, CF_ACCESS_AUD: audience }: Values): { issuer: string; audience: string } | null {
  if (!domain || !audience) return null
  const issuer = /^https?:\/\//.test(domain) ? domain : `https://${domain.includes('.') ? domain : `${domain}.cloudflareaccess.com`}`
  return { issuer: issuer.replace(/\/+$/, ''), audience }
}

function toGithub(values: Values): GithubConfig | null {
  const { GITHUB_CLIENT_ID: clientId, GITHUB_CLIENT_SECRET: clientSecret, GITHUB_ALLOWED_USERS: users } = values
  if (!clientId || !clientSecret || !users) return null
  return { clientId, clientSecret, allow: { users: lower(users), groups: [] }, baseUrl: values.GITHUB_BASE_URL ?? 'https://github.com' }
}

function toOidc(values: Values): OidcConfig | null {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_CLIENT_SECRET: clientSecret } = values
  if (!issuer || !clientId || !clientSecret) return null
  const allow = { users: lower(values.OIDC_ALLOWED_USERS), groups: split(values.OIDC_ALLOWED_GROUPS) }
  const label = values.OIDC_LABEL ?? new URL(issuer).hostname
  return {
    issuer,
    clientId,
    clientSecret,
    allow,
    label,
    groupsClaim: values.OIDC_GROUPS_CLAIM ?? 'groups',
    scope: values.OIDC_SCOPE ?? 'openid profile email',
  }
}

const split = (text = ''): string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean)

const lower = (text: string | undefined): string[] => split(text).map((entry) => entry.toLowerCase())
