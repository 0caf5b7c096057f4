import { generateKeyPairSync, randomUUID, sign as signBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import test, { type ExecutionContext } from 'ava'
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose'
import { createCloudflareAccess } from '../../api/auth/cloudflare-access.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { recordedLog } from '../helpers/recorded-log.ts'
import { listen } from '../helpers/sign-in-app.ts'

interface Key {
  alg: string
  kid: string
  privateKey: CryptoKey
  publicKey: CryptoKey
  jwk: JWK
}

async function newKey(alg = 'RS256'): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair(alg)
  const kid = randomUUID()
  return { alg, kid, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

const audience = '4714c1358e65fe4b408ad6d432a5f878f08194bdb4752441fd56faefa9b2b6f2'

/** One team's Cloudflare certs endpoint over real HTTP, and an application behind it. */
async function setUp(t: ExecutionContext<unknown>, { cooldownMs = 0 } = {}) {
  const key = await newKey()
  const served = { keys: [key.jwk], asked: 0, status: 200 }
  const { server, url: issuer } = await listen(
    t,
    createServer((request, response) => {
      if (request.url !== '/cdn-cgi/access/certs') return void response.writeHead(404).end()
      served.asked++
      response.writeHead(served.status, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: served.keys }))
    }),
  )
  const clock = createManualClock()
  const { log, lines } = recordedLog()
  const access = createCloudflareAccess({ issuer, audience, clock, log, cooldownMs })
  const now = Math.floor(clock.now().getTime() / 1000)
  /** An application token as Cloudflare documents it. */
  const claims: JWTPayload = {
    ...{ iss: issuer, aud: [audience], iat: now, nbf: now, exp: now + 3600, sub: '7335d417-61da-459d-899c-0a01c76a2f94' },
    ...{ email: 'alice@example.com', type: 'app', identity_nonce: '6ei69kawdKzMIAPF', country: 'DE' },
  }
  const sign = (payload: JWTPayload, by: Key = key): Promise<string> =>
    new SignJWT(payload).setProtectedHeader({ alg: by.alg, kid: by.kid, typ: 'JWT' }).sign(by.privateKey)
  return { access, issuer, server, served, key, clock, lines, claims, sign }
}

const refusal = { code: 'UNAUTHENTICATED', message: 'The Cloudflare Access token is not valid here' }

test('a token gives the person and the expiry', async (t) => {
  const { access, claims, sign, served } = await setUp(t)
  const expiresAt = new Date((claims.exp ?? 0) * 1000)
  t.deepEqual(await access.verify(await sign(claims)), { email: 'alice@example.com', name: null, subject: String(claims.sub), expiresAt })
  t.like(await access.verify(await sign({ ...claims, aud: audience, name: 'Alice' })), { name: 'Alice' })
  t.is(served.asked, 1, 'the keys are kept')
})

test('a service token is identified by its client id', async (t) => {
  const { access, claims, sign } = await setUp(t)
  const { email: _, ...rest } = claims
  const service = { ...rest, sub: '', common_name: 'e367826f93b8d71185e03fe518aff3b4.access' }
  t.like(await access.verify(await sign(service)), { email: service.common_name, subject: service.common_name })
  await t.throwsAsync(access.verify(await sign({ ...rest, sub: '' })), refusal, 'nobody')
})

test('accepts elliptic curve keys', async (t) => {
  const { access, claims, sign, served } = await setUp(t)
  const elliptic = await newKey('ES256')
  served.keys.push(elliptic.jwk)
  t.like(await access.verify(await sign(claims, elliptic)), { email: 'alice@example.com' })
})

test('a token is valid until the second it expires', async (t) => {
  const { access, claims, sign, clock } = await setUp(t)
  const token = await sign(claims)
  clock.advance(3600 * 1000 - 1)
  t.truthy(await access.verify(token))
  clock.advance(1)
  await t.throwsAsync(access.verify(token), refusal)
})

test('fetches a new key after a rotation, and accepts the old one while it is published', async (t) => {
  const { access, claims, sign, served, key } = await setUp(t)
  const [old, next] = [await sign(claims), await newKey()]
  t.truthy(await access.verify(old))
  served.keys = [key.jwk, next.jwk]
  t.truthy(await access.verify(await sign(claims, next)))
  t.truthy(await access.verify(old))
  served.keys = [next.jwk, (await newKey()).jwk]
  // An unknown key triggers another fetch.
  await t.throwsAsync(access.verify(await sign(claims, await newKey())), refusal)
  await t.throwsAsync(access.verify(old), refusal)
  t.truthy(await access.verify(await sign(claims, next)))
})

test('tokens with unknown keys do not cause repeated fetches', async (t) => {
  const { access, claims, sign, served } = await setUp(t, { cooldownMs: 3600 * 1000 })
  t.truthy(await access.verify(await sign(claims)))
  for (let guess = 0; guess < 5; guess++) await t.throwsAsync(access.verify(await sign(claims, await newKey('ES256'))), refusal)
  t.is(served.asked, 1)
})

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

type Set = Awaited<ReturnType<typeof setUp>>
const forgeries: Record<string, (set: Set) => Promise<string> | string> = {
  'another audience': ({ claims, sign }) => sign({ ...claims, aud: ['another application'] }),
  'no audience': ({ claims: { aud: _, ...claims }, sign }) => sign(claims),
  'another team': ({ claims, sign }) => sign({ ...claims, iss: 'https://evil.cloudflareaccess.com' }),
  'no issuer': ({ claims: { iss: _, ...claims }, sign }) => sign(claims),
  'no expiry': ({ claims: { exp: _, ...claims }, sign }) => sign(claims),
  'not yet valid': ({ claims, sign }) => sign({ ...claims, nbf: (claims.nbf ?? 0) + 60 }),
  'another key with the same id': async ({ claims, sign, key }) => sign(claims, { ...(await newKey()), kid: key.kid }),
  'a changed claim under the old signature': async ({ claims, sign }) => {
    const [header, , signature] = (await sign(claims)).split('.')
    return `${header}.${encode({ ...claims, email: 'boss@example.com' })}.${signature}`
  },
  'no signature': async ({ claims, sign }) => (await sign(claims)).replace(/[^.]+$/, ''),
  'alg none': ({ claims }) => `${encode({ alg: 'none' })}.${encode(claims)}.`,
  'alg None and a signature': ({ claims, key }) => `${encode({ alg: 'None', kid: key.kid })}.${encode(claims)}.${encode('x')}`,
  'HS256 with the public key as the secret': async ({ claims, key }) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: key.kid }).sign(Buffer.from(await exportSPKI(key.publicKey))),
  'HS256 with the published key as the secret': ({ claims, key }) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: key.kid }).sign(Buffer.from(JSON.stringify(key.jwk))),
  'a key inside the token': async ({ claims }) => {
    const own = await newKey()
    return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: own.kid, jwk: own.jwk }).sign(own.privateKey)
  },
  'an algorithm that Cloudflare does not use': async ({ claims, sign, served }) => {
    const other = await newKey('PS256')
    served.keys.push(other.jwk)
    return sign(claims, other)
  },
  nothing: () => '',
  words: () => 'not a token',
  'three dots': () => '...',
}

for (const [fault, forge] of Object.entries(forgeries)) {
  test(`refused: ${fault}`, async (t) => {
    const set = await setUp(t)
    await t.throwsAsync(set.access.verify(await forge(set)), refusal)
    t.deepEqual(
      set.lines.filter(({ level }) => level >= 40),
      [],
      'an invalid token is not a failed fetch',
    )
    t.truthy(await set.access.verify(await set.sign(set.claims)))
  })
}

test('logs once when keys cannot be fetched, and once when they can again', async (t) => {
  const { access, claims, sign, served, server, lines } = await setUp(t)
  const token = await sign(claims)
  served.status = 500
  for (let call = 0; call < 3; call++) await t.throwsAsync(access.verify(token), refusal)
  t.is(lines.length, 1)
  t.like(lines[0], { level: 50, msg: 'cannot fetch cloudflare access keys, so nobody can get in' })
  served.status = 200
  t.truthy(await access.verify(token))
  t.like(lines[1], { level: 30, msg: 'cloudflare access keys are available again' })
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
  await t.throwsAsync(access.verify(await sign(claims, await newKey())), refusal)
  t.regex(String(lines[2]?.['error']), /ECONNREFUSED/)
  t.truthy(await access.verify(token), 'tokens with a known key still work')
})

test('an answer that is not a key set counts as a failed fetch', async (t) => {
  const { access, claims, sign, served, lines } = await setUp(t)
  Object.assign(served, { keys: 'none' })
  await t.throwsAsync(access.verify(await sign(claims)), refusal)
  t.is(lines[0]?.level, 50)
})

test('refuses a key that is too short to be safe', async (t) => {
  const { access, claims, served } = await setUp(t)
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
  served.keys = [{ ...publicKey.export({ format: 'jwk' }), kty: 'RSA', kid: 'short', alg: 'RS256', use: 'sig' }]
  const header = `${encode({ alg: 'RS256', kid: 'short' })}.${encode(claims)}`
  const token = `${header}.${signBytes('sha256', Buffer.from(header), privateKey).toString('base64url')}`
  await t.throwsAsync(access.verify(token), refusal)
})
