import * as client from 'openid-client'
import type { Clock } from '../clock.ts'
import type { OidcConfig } from './access-config.ts'
import type { Profile } from './profile.ts'
import { SignInError } from './sign-in-error.ts'
import type { SignInProvider } from './sign-in-provider.ts'

/** In seconds, per request. A person is waiting, but some providers on small machines are slow to wake up. */
const timeout = 10

/** How long a discovery document is cached, so that a moved endpoint is picked up without a restart. */
const rediscoverMs = 3600 * 1000

/** Any OpenID Connect provider. Discovery happens at the first sign-in, so the provider can be down when this server starts. */
export function createOidc(config: OidcConfig, { clock }: { clock: Clock }): SignInProvider {
  let known: { server: Promise<client.Configuration>; at: number } | undefined

  function server(): Promise<client.Configuration> {
    const now = clock.now().getTime()
    if (known && now - known.at < rediscoverMs) return known.server
    const discovered = discover(config)
    const current = { server: discovered, at: now }
    known = current
    // A failure is not cached. The next sign-in tries again.
    discovered.catch(() => {
      if (known === current) known = undefined
    })
    return discovered
  }

  return {
    id: 'oidc',
    label: config.label,

    async authorizationUrl({ state, nonce, verifier }, redirectUri) {
      return client.buildAuthorizationUrl(await server(), {
        redirect_uri: redirectUri,
        scope: config.scope,
        ...{ state, nonce },
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      })
    },

    async profileOf({ state, nonce, verifier }, answer) {
      const provider = await server()
      const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true }
      const tokens = await client.authorizationCodeGrant(provider, answer, checks)
      const idToken = tokens.claims()
      if (!idToken) throw new SignInError('provider', 'the provider sent no ID token')
      const asksUserInfo = provider.serverMetadata().userinfo_endpoint !== undefined
      const userInfo = asksUserInfo ? await client.fetchUserInfo(provider, tokens.access_token, idToken.sub) : {}
      return toProfile(config, idToken.sub, [idToken, userInfo])
    },
  }
}

async function discover({ issuer, clientId, clientSecret }: OidcConfig): Promise<client.Configuration> {
  const execute = issuer.startsWith('http:') ? [client.allowInsecureRequests] : []
  const document = new URL(`${issuer}/.well-known/openid-configuration`)
  const found = (await client.discovery(document, clientId, undefined, undefined, { timeout, execute })).serverMetadata()
  // Some issuers end with a slash, which is easily lost in a setting.
  if (withoutSlash(found.issuer) !== withoutSlash(issuer)) {
    throw new SignInError('provider', `the provider at OIDC_ISSUER identifies itself as ${found.issuer}`)
  }
  const methods = found.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  const authentication = methods.includes('client_secret_basic') ? client.ClientSecretBasic : client.ClientSecretPost
  const server = new client.Configuration(found, clientId, {}, authentication(clientSecret))
  server.timeout = timeout
  for (const extension of execute) extension(server)
  // The standard lets a client rely on TLS instead of the ID token's signature. TLS can end at a proxy, so require both.
  client.enableNonRepudiationChecks(server)
  return server
}

const withoutSlash = (url: string): string => url.replace(/\/+$/, '')

type Claims = Record<string, unknown>

/** Takes each claim from the ID token, else from the user info. Providers differ in what they put where. */
function toProfile({ issuer, groupsClaim }: OidcConfig, subject: string, sources: Claims[]): Profile {
  const first = <T>(read: (claims: Claims) => T | null): T | null => sources.map(read).find((value) => value !== null) ?? null
  const email = first(verifiedEmail)
  const userName = first((claims) => text(claims['preferred_username']))
  // People can often choose this name themselves, so it must not pass for someone else's e-mail address.
  const isTheirs = userName !== null && (!userName.includes('@') || userName.toLowerCase() === email?.toLowerCase())
  return {
    provider: issuer,
    subject,
    login: (isTheirs ? userName : null) ?? email ?? subject,
    name: first((claims) => text(claims['name'])),
    email,
    unverifiedEmail: email === null ? first((claims) => text(claims['email'])) : null,
    // Some providers put an empty list in the ID token and the groups in the user info.
    groups: sources.map((claims) => groupsOf(claims[groupsClaim])).find((groups) => groups.length > 0) ?? [],
  }
}

const text = (value: unknown): string | null => (typeof value === 'string' && value.trim() !== '' ? value.trim() : null)

const verifiedEmail = (claims: Claims): string | null => (claims['email_verified'] === true ? text(claims['email']) : null)

function groupsOf(value: unknown): string[] {
  const list: unknown[] = typeof value === 'string' ? [value] : Array.isArray(value) ? value : []
  return list.flatMap((entry) => text(entry) ?? [])
}
