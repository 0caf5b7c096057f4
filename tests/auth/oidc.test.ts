import { createServer } from 'node:http'
import test, { type ExecutionContext } from 'ava'
import { decodeJwt, exportSPKI, generateKeyPair, SignJWT, type JWTPayload } from 'jose'
import { parseGrants } from '../../api/auth/grants.ts'
import { cookieBrowser } from '../helpers/cookie-browser.ts'
import { testProvider, type TestProvider } from '../helpers/oidc-provider.ts'
import { runningNode } from '../helpers/running-node.ts'
import { listen, signInApp, type SignInApp, type SignInAppOptions } from '../helpers/sign-in-app.ts'

type Context = ExecutionContext<unknown>

async function setUp(t: Context, options: Parameters<typeof testProvider>[2] & Pick<SignInAppOptions, 'grants' | 'secure'> = {}) {
  let provider: TestProvider | undefined
  const app = await signInApp(t, {
    ...options,
    async oidc(appUrl) {
      provider = await testProvider(t, appUrl, options)
      return provider.config
    },
  })
  if (!provider) throw new Error('no provider')
  return { app, provider }
}

/** Signs in with a new browser. @returns the page it ends on */
async function signIn(app: SignInApp, returnTo = '/apps') {
  const browser = cookieBrowser()
  const { url, answer } = await browser.go(`${app.url}/auth/oidc?return_to=${encodeURIComponent(returnTo)}`)
  return { browser, answer, path: url.href.replace(app.url, ''), whoami: (await browser.visit(`${app.url}/whoami`)).json }
}

/** Signs in up to the provider's answer and does not follow it. */
async function callbackFor(app: SignInApp, browser = cookieBrowser()) {
  const { url } = await browser.go(`${app.url}/auth/oidc?return_to=/apps`, (next) => next.pathname === '/auth/oidc/callback')
  return { browser, callback: url }
}

const changed = (url: URL, change: (query: URLSearchParams) => void): URL => {
  const copy = new URL(url)
  change(copy.searchParams)
  return copy
}

test('the sign-in page gets the ways to sign in', async (t) => {
  const node = await runningNode(t, {
    ...{ AUTH_ENABLED: 'true', OIDC_ISSUER: 'https://id.example', OIDC_CLIENT_ID: 'client', OIDC_CLIENT_SECRET: 'secret' },
    ...{ OIDC_LABEL: 'Test', OIDC_ALLOWED_USERS: 'alice@example.com' },
  })
  const { json, headers } = await node.send('/auth/providers')
  t.deepEqual(json, { providers: [{ id: 'oidc', label: 'Test', url: '/auth/oidc' }], password: false, passkey: false, link: true })
  t.is(headers['cache-control'], 'no-store')
})

test('a person signs in at the provider and returns to the page they wanted', async (t) => {
  const { app, provider } = await setUp(t)
  const { path, whoami, browser } = await signIn(app, '/apps?status=running#top')
  t.is(path, '/apps?status=running#top')
  t.like(whoami, { login: 'alice', name: 'Alice A', email: 'alice@example.com', provider: provider.issuer, role: 'admin' })
  t.deepEqual(await app.attempts(), [{ actor: 'alice', via: 'oidc', address: '192.0.2.7', outcome: 'succeeded', detail: null }])
  const [session] = app.sessions.listOf(whoami.id)
  t.is(session?.address, '192.0.2.7')
  const cookies = browser.cookies(app.url)
  const { attributes = [] } = cookies.get('selfhostly_session') ?? {}
  t.deepEqual([...attributes].sort(), ['HttpOnly', 'Max-Age=2592000', 'Path=/', 'SameSite=Lax'])
  t.false(cookies.has('selfhostly_sign_in'))
})

test('cookies behind TLS are Secure and bound to this host', async (t) => {
  const { app } = await setUp(t, { secure: true })
  const { browser, whoami } = await signIn(app)
  t.is(whoami.login, 'alice')
  const { attributes = [] } = browser.cookies(app.url).get('__Host-selfhostly_session') ?? {}
  t.deepEqual([...attributes].sort(), ['HttpOnly', 'Max-Age=2592000', 'Path=/', 'SameSite=Lax', 'Secure'])
  const begun = await cookieBrowser().visit(`${app.url}/auth/oidc`)
  t.regex(
    String(begun.headers['set-cookie']),
    /^__Host-selfhostly_sign_in=v1\.[\w.-]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  )
})

test('each authorization request has a new PKCE challenge, state and nonce', async (t) => {
  const { app, provider } = await setUp(t)
  const ask = async () => (await cookieBrowser().visit(`${app.url}/auth/oidc`)).location ?? new URL('about:blank')
  const [first, second] = [await ask(), await ask()]
  t.is(first.origin, provider.issuer)
  t.is(first.searchParams.get('code_challenge_method'), 'S256')
  t.is(first.searchParams.get('redirect_uri'), `${app.url}/auth/oidc/callback`)
  for (const name of ['state', 'nonce', 'code_challenge']) {
    t.regex(first.searchParams.get(name) ?? '', /^[\w-]{43}$/, name)
    t.not(first.searchParams.get(name), second.searchParams.get(name), name)
  }
})

for (const claimsInIdToken of [true, false]) {
  test(`groups let people in and give roles, from the ${claimsInIdToken ? 'id token' : 'user info'}`, async (t) => {
    const { app, provider } = await setUp(t, { claimsInIdToken, groupsClaim: 'roles', grants: parseGrants('operator', 'group:ops') })
    provider.person = '2'
    t.like((await signIn(app)).whoami, { login: 'bob', groups: ['staff', 'ops'], role: 'operator' })
    provider.person = '3'
    const { path, whoami } = await signIn(app)
    t.is(path, '/sign-in?error=not-allowed&return_to=%2Fapps')
    t.is(whoami, null)
    t.like((await app.attempts())[1], {
      actor: 'carol',
      outcome: 'denied',
      detail: 'carol is not on the list of people allowed to sign in here',
    })
  })
}

test('an empty list of groups in the ID token does not hide those in the user info', async (t) => {
  const { app, provider } = await setUp(t, { claimsInIdToken: true, grants: parseGrants('operator', 'group:ops') })
  provider.accounts.set('3', { preferred_username: 'carol', groups: [] })
  provider.tamperUserInfo = (claims) => ({ ...claims, groups: ['ops'] })
  provider.person = '3'
  t.like((await signIn(app)).whoami, { login: 'carol', groups: ['ops'], role: 'operator' })
})

test('an address counts only if the provider has verified it', async (t) => {
  const { app, provider } = await setUp(t)
  provider.config.allow.users = ['boss@example.com']
  for (const verified of [false, 'true', undefined]) {
    provider.accounts.set('1', { email: 'boss@example.com', email_verified: verified })
    t.is((await signIn(app)).path, '/sign-in?error=unverified&return_to=%2Fapps', String(verified))
    t.like((await app.attempts()).at(-1), {
      outcome: 'denied',
      detail: 'boss@example.com is on the list, but the provider has not verified it (email_verified)',
    })
  }
  provider.accounts.set('1', { email: 'mallory@example.com', email_verified: false })
  t.is((await signIn(app)).path, '/sign-in?error=not-allowed&return_to=%2Fapps', 'verified or not')
  provider.accounts.set('1', { preferred_username: 'boss@example.com' })
  t.is((await signIn(app)).whoami, null, 'a name that the person chose')
  provider.accounts.set('1', { email: 'Boss@example.com', email_verified: true })
  t.like((await signIn(app)).whoami, { login: 'Boss@example.com', email: 'Boss@example.com' })
})

test('a person without name and address is identified by the account id', async (t) => {
  const { app, provider } = await setUp(t)
  provider.config.allow.users = ['4']
  provider.accounts.set('4', {})
  provider.person = '4'
  t.like((await signIn(app)).whoami, { login: '4', name: null, email: null, groups: [] })
})

test('supports providers that take the secret in the body or whose issuer ends with a slash', async (t) => {
  for (const options of [{ authMethod: 'client_secret_post' }, { issuerSlash: '/' }] as const) {
    const { app, provider } = await setUp(t, options)
    t.like((await signIn(app)).whoami, { login: 'alice', provider: provider.issuer }, JSON.stringify(options))
    t.deepEqual(provider.provedInHeader, [!('authMethod' in options)])
  }
})

test('a person who declines at the provider sees that as the reason', async (t) => {
  const { app, provider } = await setUp(t)
  provider.person = null
  const { path, whoami } = await signIn(app)
  t.is(path, '/sign-in?error=denied&return_to=%2Fapps')
  t.is(whoami, null)
  t.like((await app.attempts())[0], { actor: 'unknown', outcome: 'denied', detail: 'the provider answered access_denied: not today' })
})

test('an answer works once', async (t) => {
  const { app } = await setUp(t)
  const { browser, callback } = await callbackFor(app)
  const begun = browser.cookies(app.url).get('selfhostly_sign_in')
  t.is((await browser.visit(callback)).location?.searchParams.get('return_to'), '/apps')
  t.is((await browser.visit(callback)).location?.search, '?error=expired')
  // Even if the browser still has its cookie.
  const replayed = await cookieBrowser().visit(callback, { headers: { cookie: `selfhostly_sign_in=${begun?.value}` } })
  t.is(replayed.location?.search, '?error=expired')
  t.is(app.users.list().length, 1)
})

test('an answer works only in the browser that asked, within ten minutes, with its state', async (t) => {
  const { app } = await setUp(t)
  const refusedAt = async (browser: ReturnType<typeof cookieBrowser>, url: URL) => (await browser.visit(url)).location?.search
  const others = await callbackFor(app)
  t.is(await refusedAt(cookieBrowser(), others.callback), '?error=expired', 'no cookie')
  t.is(await refusedAt((await callbackFor(app)).browser, others.callback), '?error=expired', 'the state of another browser')
  const forged = await callbackFor(app)
  const wrong = changed(forged.callback, (query) => query.set('state', 'guessed'))
  t.is(await refusedAt(forged.browser, wrong), '?error=expired', 'a guess')
  t.is(await refusedAt(forged.browser, forged.callback), '?error=expired', 'no second guess')
  const late = await callbackFor(app)
  app.clock.advance(10 * 60 * 1000)
  t.is(await refusedAt(late.browser, late.callback), '?error=expired', 'late')
  t.deepEqual(
    (await app.attempts()).map(({ outcome }) => outcome),
    Array(5).fill('failed'),
  )
})

test("PKCE refuses another sign-in's code, and the provider refuses a used code", async (t) => {
  const { app } = await setUp(t)
  const attacker = await callbackFor(app)
  const victim = await callbackFor(app)
  const injected = changed(victim.callback, (query) => query.set('code', attacker.callback.searchParams.get('code') ?? ''))
  t.is((await victim.browser.visit(injected)).location?.search, '?error=provider&return_to=%2Fapps')
  const first = await callbackFor(app)
  await first.browser.visit(first.callback)
  const second = await callbackFor(app)
  const reused = changed(second.callback, (query) => query.set('code', first.callback.searchParams.get('code') ?? ''))
  t.is((await second.browser.visit(reused)).location?.search, '?error=provider&return_to=%2Fapps')
  t.is((await second.browser.visit(`${app.url}/whoami`)).json, null)
  t.regex((await app.attempts()).at(-1)?.detail ?? '', /^the provider answered invalid_grant/)
})

test('an answer with a wrong or missing issuer is refused before the code is used', async (t) => {
  const { app, provider } = await setUp(t)
  for (const iss of ['https://evil.example', undefined]) {
    const { browser, callback } = await callbackFor(app)
    const mixedUp = changed(callback, (query) => (iss ? query.set('iss', iss) : query.delete('iss')))
    t.is((await browser.visit(mixedUp)).location?.search, '?error=provider&return_to=%2Fapps', iss)
  }
  t.is(provider.asked.get('/token'), undefined)
})

type Forge = (claims: JWTPayload, provider: TestProvider) => Promise<string> | string

const signed = (claims: JWTPayload, { key }: TestProvider): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: key.kid }).sign(key.privateKey)
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const inThePast = Math.floor(Date.now() / 1000) - 3600

const forgeries: Record<string, Forge> = {
  'a wrong nonce': (claims, provider) => signed({ ...claims, nonce: 'another' }, provider),
  'no nonce': ({ nonce: _, ...claims }, provider) => signed(claims, provider),
  'a wrong issuer': (claims, provider) => signed({ ...claims, iss: 'https://evil.example' }, provider),
  'a wrong audience': (claims, provider) => signed({ ...claims, aud: 'another client' }, provider),
  'an hour too late': (claims, provider) => signed({ ...claims, iat: inThePast, exp: inThePast + 60 }, provider),
  'alg none': (claims) => `${encode({ alg: 'none' })}.${encode(claims)}.`,
  'alg none and a signature': (claims) => `${encode({ alg: 'none' })}.${encode(claims)}.${encode('signature')}`,
  'a signature by another key': async (claims, { key }) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: key.kid }).sign((await generateKeyPair('RS256')).privateKey),
  'a key that the provider does not have': async (claims) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'other' }).sign((await generateKeyPair('RS256')).privateKey),
  'HS256 with the client secret': (claims, { config }) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(config.clientSecret)),
  'HS256 with the public key as the secret': async (claims, { key }) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: key.kid }).sign(Buffer.from(await exportSPKI(key.publicKey))),
  'left out': () => '',
}

for (const [fault, forge] of Object.entries(forgeries)) {
  test(`refused ID token: ${fault}`, async (t) => {
    const { app, provider } = await setUp(t)
    provider.tamper = async ({ id_token: idToken, ...tokens }) => {
      const forged = await forge(decodeJwt(String(idToken)), provider)
      return forged === '' ? tokens : { ...tokens, id_token: forged }
    }
    const { path, whoami } = await signIn(app)
    t.is(path, '/sign-in?error=provider&return_to=%2Fapps')
    t.is(whoami, null)
    t.is(provider.asked.get('/me'), undefined, 'refused before anything else is believed')
    t.like((await app.attempts())[0], { actor: 'unknown', outcome: 'failed' })
    t.log((await app.attempts())[0]?.detail)
  })
}

test('a re-signed but unchanged token is accepted, so the forgeries above fail only for their change', async (t) => {
  const { app, provider } = await setUp(t)
  provider.tamper = async (tokens) => ({ ...tokens, id_token: await signed(decodeJwt(String(tokens['id_token'])), provider) })
  t.like((await signIn(app)).whoami, { login: 'alice' })
})

test('a provider that advertises unsigned tokens still needs signed ones', async (t) => {
  const { app, provider } = await setUp(t, { acceptsNone: true })
  provider.tamper = (tokens) => ({ ...tokens, id_token: `${encode({ alg: 'none' })}.${encode(decodeJwt(String(tokens['id_token'])))}.` })
  t.is((await signIn(app)).path, '/sign-in?error=provider&return_to=%2Fapps')
})

test('refuses user info about another person', async (t) => {
  const { app, provider } = await setUp(t)
  provider.tamperUserInfo = (claims) => ({ ...claims, sub: '2' })
  t.is((await signIn(app)).path, '/sign-in?error=provider&return_to=%2Fapps')
})

test('a provider that is down only fails its own sign-ins, until it is back', async (t) => {
  const { app, provider } = await setUp(t)
  await provider.stop()
  const { path } = await signIn(app)
  t.is(path, '/sign-in?error=unreachable&return_to=%2Fapps')
  t.is((await app.attempts())[0]?.detail, 'the provider cannot be reached: ECONNREFUSED')
  const given = { role: 'viewer', nodeLimit: null, note: '', expiresInHours: 1 } as const
  const { code } = await app.invitations.make(given, { userId: null, name: 'alice' })
  const invited = await cookieBrowser().visit(`${app.url}/auth/invitation/oidc`, { method: 'POST', json: { code } })
  t.is(invited.status, 409)
  t.regex(invited.json.detail, /cannot be used at the moment: .*ECONNREFUSED\. .* choose a name and a password$/)
  await provider.start()
  t.is((await signIn(app)).whoami.login, 'alice')
  await provider.stop()
  const browser = cookieBrowser()
  const { location: question } = await browser.visit(`${app.url}/auth/oidc`)
  t.is(question?.origin, provider.issuer, 'what it said of itself is still known')
  const query = new URLSearchParams({ code: 'x', state: question?.searchParams.get('state') ?? '', iss: provider.issuer })
  t.is((await browser.visit(`${app.url}/auth/oidc/callback?${query}`)).location?.search, '?error=unreachable')
})

test('refuses an issuer URL that is not a provider or identifies itself differently', async (t) => {
  const documents: Record<string, [number, string]> = {
    '/none': [404, '{}'],
    '/page': [200, '<html>'],
    '/other': [200, JSON.stringify({ issuer: 'https://evil.example', authorization_endpoint: 'https://evil.example/authorize' })],
    '/broken': [502, '{}'],
  }
  const server = createServer((request, response) => {
    const [status, body] = documents[request.url?.replace('/.well-known/openid-configuration', '') ?? ''] ?? [500, '']
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  })
  const { url } = await listen(t, server)
  for (const [path, failure] of Object.entries({
    '/none': 'provider',
    '/page': 'provider',
    '/other': 'provider',
    '/broken': 'unreachable',
  })) {
    const oidc = {
      issuer: url + path,
      clientId: 'x',
      clientSecret: 'y',
      label: 'X',
      scope: 'openid',
      groupsClaim: 'groups',
      allow: { users: ['a'], groups: [] },
    }
    const app = await signInApp(t, { oidc: () => oidc })
    t.is((await signIn(app, '/')).path, `/sign-in?error=${failure}`, path)
    t.log(path, (await app.attempts())[0]?.detail)
  }
})

test('no secret reaches the log or the audit log', async (t) => {
  const { app, provider } = await setUp(t)
  const used: string[] = [provider.config.clientSecret]
  provider.tamper = (tokens) => {
    used.push(
      ...Object.values(tokens)
        .filter((value) => typeof value === 'string' && value.length > 20)
        .map(String),
    )
    return { ...tokens, id_token: `${String(tokens['id_token']).slice(0, -10)}AAAAAAAAAA` }
  }
  const { browser, callback } = await callbackFor(app)
  used.push(
    ...['code', 'state'].map((name) => callback.searchParams.get(name) ?? ''),
    browser.cookies(app.url).get('selfhostly_sign_in')?.value ?? '',
  )
  await browser.visit(callback)
  const written = JSON.stringify([app.lines, await app.attempts()])
  t.true(used.length >= 6 && used.every((secret) => secret.length > 20), String(used.length))
  t.regex(written, /sign-in failed/)
  for (const secret of used) t.false(written.includes(secret))
})
