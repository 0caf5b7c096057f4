import { randomUUID } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { createPasskeys } from '../../api/auth/passkeys.ts'
import { createSecretBox } from '../../api/auth/secret-box.ts'
import { UserEntity } from '../../api/auth/user.entity.ts'
import { authenticator } from '../helpers/authenticator.ts'
import { testDatabase } from '../helpers/database.ts'
import { createManualClock } from '../helpers/manual-clock.ts'

const site = { id: 'apps.example.com', origin: 'https://apps.example.com' }

/** Passkeys of a server that is known as `baseUrl`, with the account of somebody. */
async function setUp(t: ExecutionContext, { baseUrl = site.origin } = {}) {
  const clock = createManualClock(new Date('2026-12-06T12:00:00Z'))
  const { em } = await testDatabase(t)
  const userId = randomUUID()
  const nobody = { name: null, email: null, groups: [], role: null, nodeLimit: null, createdAt: clock.now(), lastSignInAt: clock.now() }
  await em.fork().insert(UserEntity, { id: userId, provider: 'local', subject: userId, allowedAs: 'alice', login: 'alice', ...nobody })
  const open = async () => {
    const passkeys = createPasskeys({ em, clock, box: createSecretBox(Buffer.alloc(32, 7)), baseUrl, onChanged: () => undefined })
    await passkeys.start()
    return passkeys
  }
  const passkeys = await open()
  const add = async (device: ReturnType<typeof authenticator>, of = userId) => {
    const { options, state } = await passkeys.begin(of, 'alice')
    return passkeys.add(userId, { name: ' phone ', state, response: JSON.stringify(device.register(options)) })
  }
  return { passkeys, clock, userId, add, open }
}

test('a passkey signs its owner in, also after a restart, and no answer works twice', async (t) => {
  const { passkeys, userId, add, open } = await setUp(t)
  const device = authenticator(site)
  t.like(await add(device), { name: 'phone', lastUsedAt: null })
  const { options, state } = await passkeys.beginSignIn()
  const answer = { state, response: device.signIn(options) }
  t.is(await passkeys.signIn(answer), userId)
  t.truthy(passkeys.listOf(userId)[0]?.lastUsedAt)
  await t.throwsAsync(passkeys.signIn(answer), { code: 'INVALID_INPUT', message: /already used/ })
  const later = await open()
  const begun = await later.beginSignIn()
  t.is(await later.signIn({ state: begun.state, response: device.signIn(begun.options) }), userId)
})

test('a counter that does not go up signs nobody in: the passkey was copied', async (t) => {
  const { passkeys, userId, add } = await setUp(t)
  const device = authenticator(site)
  await add(device)
  const signIn = async () => {
    const { options, state } = await passkeys.beginSignIn()
    return passkeys.signIn({ state, response: device.signIn(options) })
  }
  device.device.counter = 40
  t.is(await signIn(), userId)
  for (const before of [40, 10]) {
    device.device.counter = before
    t.is(await signIn(), null, `${before + 1} after 41`)
  }
  device.device.counter = 41
  t.is(await signIn(), userId)
})

test('an answer for another site, without a look at the person, by another key or for another challenge signs nobody in', async (t) => {
  const { passkeys, userId, add } = await setUp(t)
  const device = authenticator(site)
  await add(device)
  const thief = authenticator(site)
  const elsewhere = authenticator({ id: site.id, origin: 'https://apps.example.com.evil.example' })
  for (const [what, responseTo] of [
    ['another key', (options: object) => ({ ...thief.signIn(options), id: device.device.id, rawId: device.device.id })],
    ['another origin', (options: object) => ({ ...elsewhere.signIn(options), id: device.device.id, rawId: device.device.id })],
    ['nobody verified', (options: object) => device.signIn(options, 0x01)],
    ['another challenge', () => device.signIn({ challenge: Buffer.alloc(32).toString('base64url') })],
    ['unknown', (options: object) => thief.signIn(options)],
  ] as const) {
    const { options, state } = await passkeys.beginSignIn()
    t.is(await passkeys.signIn({ state, response: responseTo(options) }), null, what)
  }
  const { options, state } = await passkeys.beginSignIn()
  t.is(await passkeys.signIn({ state, response: device.signIn(options) }), userId)
})

test('a challenge expires, and is for one person', async (t) => {
  const { passkeys, clock, userId, add } = await setUp(t)
  const device = authenticator(site)
  await t.throwsAsync(add(device, randomUUID()), { code: 'INVALID_INPUT', message: /^state/ })
  await add(device)
  const { options, state } = await passkeys.beginSignIn()
  const forRegistration = await passkeys.begin(userId, 'alice')
  clock.advance(5 * 60 * 1000)
  for (const old of [state, forRegistration.state, 'forged'])
    await t.throwsAsync(passkeys.signIn({ state: old, response: device.signIn(options) }), { code: 'INVALID_INPUT', message: /expired/ })
})

test('nobody registers the passkey of somebody else, and where there are none the reason is said', async (t) => {
  const { add } = await setUp(t)
  const device = authenticator(site)
  await add(device)
  await t.throwsAsync(add(device), { code: 'INVALID_INPUT', message: /^response/ })
  const { passkeys, userId } = await setUp(t, { baseUrl: 'http://192.0.2.1:8080' })
  await t.throwsAsync(passkeys.begin(userId, 'alice'), { code: 'CONFLICT', message: /only for a host name/ })
  await t.throwsAsync(passkeys.beginSignIn(), { code: 'CONFLICT' })
})
