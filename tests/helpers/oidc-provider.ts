import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ExecutionContext } from 'ava'
import { exportJWK, generateKeyPair, type CryptoKey, type JWK } from 'jose'
import Provider, { type Configuration } from 'oidc-provider'
import type { OidcConfig } from '../../api/auth/access-config.ts'
import { listen } from './sign-in-app.ts'

type Claims = Record<string, unknown>

export interface TestProvider {
  issuer: string
  /** Settings for a server that uses this provider. */
  config: OidcConfig
  /** Signs id tokens. */
  key: { privateKey: CryptoKey; publicKey: CryptoKey; kid: string }
  accounts: Map<string, Claims>
  /** Who signs in at the next interaction. Null: the person declines. */
  person: string | null
  /** Changes the token endpoint's answer. */
  tamper: ((tokens: Claims) => Claims | Promise<Claims>) | undefined
  tamperUserInfo: ((claims: Claims) => Claims) | undefined
  /** Number of requests to each endpoint. */
  asked: Map<string, number>
  /** Whether the client authenticated by header at the token endpoint, per call. */
  provedInHeader: boolean[]
  stop(): Promise<void>
  start(): Promise<void>
}

interface ProviderOptions {
  /** Some providers put all claims into the id token, others only into the user info. */
  claimsInIdToken?: boolean
  groupsClaim?: string
  authMethod?: 'client_secret_basic' | 'client_secret_post'
  /** Suffix that its real issuer has and the configured one lacks. */
  issuerSlash?: '' | '/'
  /** Announces that it sends unsigned tokens. */
  acceptsNone?: boolean
}

/** A real OpenID Connect provider (`oidc-provider`) on loopback, whose sign-in page signs in the person set by the test. */
export async function testProvider(
  t: ExecutionContext<unknown>,
  appUrl: string,
  {
    claimsInIdToken = false,
    groupsClaim = 'groups',
    authMethod = 'client_secret_basic',
    issuerSlash = '',
    acceptsNone = false,
  }: ProviderOptions = {},
): Promise<TestProvider> {
  const { server, url: issuer } = await listen(t)
  const { jwk, ...keys } = await signingKey()
  const client = { clientId: 'selfhostly', clientSecret: randomUUID() }
  const state: TestProvider = {
    issuer,
    config: {
      ...client,
      issuer,
      groupsClaim,
      label: 'Test',
      scope: 'openid profile email',
      allow: { users: ['alice@example.com'], groups: ['ops'] },
    },
    key: { ...keys, kid: jwk.kid ?? '' },
    accounts: new Map([
      ['1', { preferred_username: 'alice', name: 'Alice A', email: 'alice@example.com', email_verified: true, [groupsClaim]: ['staff'] }],
      ['2', { preferred_username: 'bob', [groupsClaim]: ['staff', 'ops'] }],
      ['3', { preferred_username: 'carol', [groupsClaim]: ['staff'] }],
    ]),
    person: '1',
    tamper: undefined,
    tamperUserInfo: undefined,
    asked: new Map(),
    provedInHeader: [],
    async stop() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
    async start() {
      server.listen(Number(new URL(issuer).port), '127.0.0.1')
      await once(server, 'listening')
    },
  }
  const provider = new Provider(issuer + issuerSlash, {
    clients: [
      {
        ...{ client_id: client.clientId, client_secret: client.clientSecret, token_endpoint_auth_method: authMethod },
        redirect_uris: [`${appUrl}/auth/oidc/callback`],
      },
    ],
    clientAuthMethods: [authMethod],
    jwks: { keys: [jwk] },
    claims: { openid: ['sub'], profile: ['preferred_username', 'name', groupsClaim], email: ['email', 'email_verified'] },
    conformIdTokenClaims: !claimsInIdToken,
    findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId, ...state.accounts.get(accountId) }) }),
    ...consentGiven,
  })
  provider.use(async (ctx, next) => {
    await next()
    state.asked.set(ctx.path, (state.asked.get(ctx.path) ?? 0) + 1)
    if (ctx.path === '/token') state.provedInHeader.push(ctx.get('authorization') !== '')
    if (ctx.status !== 200) return
    if (ctx.path === '/token' && state.tamper) ctx.body = await state.tamper(ctx.body as Claims)
    if (ctx.path === '/me' && state.tamperUserInfo) ctx.body = state.tamperUserInfo(ctx.body as Claims)
    if (acceptsNone && ctx.path.startsWith('/.well-known/')) {
      ctx.body = { ...(ctx.body as Claims), id_token_signing_alg_values_supported: ['RS256', 'none'] }
    }
  })
  const answer = provider.callback()
  server.on('request', (request, response) => {
    if (request.url?.startsWith('/interaction/')) void signInPage(provider, state, request, response)
    else void answer(request, response)
  })
  return state
}

async function signingKey(): Promise<{ privateKey: CryptoKey; publicKey: CryptoKey; jwk: JWK }> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  return { privateKey, publicKey, jwk: { ...(await exportJWK(privateKey)), kid: randomUUID(), alg: 'RS256', use: 'sig' } }
}

/** Grants this client what it asks for, without a consent page. */
const consentGiven: Configuration = {
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  async loadExistingGrant(ctx) {
    const { client, session, provider, result } = ctx.oidc
    const grantId = result?.consent?.grantId ?? (client && session?.grantIdFor(client.clientId))
    if (grantId) return provider.Grant.find(grantId)
    const grant = new provider.Grant({ clientId: client?.clientId, accountId: session?.accountId })
    grant.addOIDCScope('openid profile email')
    await grant.save()
    return grant
  },
}

async function signInPage(provider: Provider, state: TestProvider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const result = state.person === null ? { error: 'access_denied', error_description: 'not today' } : { login: { accountId: state.person } }
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false })
}
