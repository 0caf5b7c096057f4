import { randomUUID } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { createApiTokens } from '../../api/auth/api-tokens.ts'
import { UserEntity } from '../../api/auth/user.entity.ts'
import { testDatabase } from '../helpers/database.ts'
import { createManualClock } from '../helpers/manual-clock.ts'

const dayMs = 24 * 3600 * 1000

async function setUp(t: ExecutionContext<unknown>) {
  const { em } = await testDatabase(t)
  const clock = createManualClock()
  const ended: string[] = []
  const open = async () => {
    const tokens = createApiTokens({ em, clock, onEnded: (id) => void ended.push(id) })
    await tokens.start()
    return tokens
  }
  async function newUser(): Promise<string> {
    const id = randomUUID()
    const person = { provider: 'github', subject: id, allowedAs: id, login: id, name: null, email: null, groups: [] }
    await em.fork().insert(UserEntity, { id, ...person, createdAt: clock.now(), lastSignInAt: clock.now() })
    return id
  }
  return { tokens: await open(), open, newUser, clock, ended, em }
}

const deploy = { name: ' deploy ', scope: 'operator', expiresInDays: 30 } as const

test('a token is shown once, works, and expires on time', async (t) => {
  const { tokens, newUser, clock } = await setUp(t)
  const userId = await newUser()
  const { token, secret } = await tokens.create({ userId, role: 'admin' }, deploy)
  t.regex(secret, /^shly_[0-9a-f-]{36}_[\w-]{43}$/)
  t.like(token, { userId, name: 'deploy', scope: 'operator', lastUsedAt: null, expiresAt: new Date(clock.now().getTime() + 30 * dayMs) })
  t.false(JSON.stringify(await tokens.listOf(userId)).includes(secret.slice(-43)))
  clock.advance(30 * dayMs - 1)
  t.like(tokens.use(secret), { id: token.id, lastUsedAt: clock.now() })
  t.true(tokens.find(token.id) !== null)
  clock.advance(1)
  t.is(tokens.use(secret), null)
  t.false(tokens.find(token.id) !== null)
})

test('forged tokens are refused', async (t) => {
  const { tokens, newUser } = await setUp(t)
  const owner = { userId: await newUser(), role: 'admin' } as const
  const { token, secret } = await tokens.create(owner, deploy)
  const { secret: other } = await tokens.create(owner, { ...deploy, name: 'other' })
  const crossed = `shly_${token.id}_${other.slice(-43)}`
  const forged = [
    '',
    'shly_',
    secret.slice(0, -1),
    `${secret}x`,
    ` ${secret}`,
    secret.slice(5),
    secret.toUpperCase(),
    crossed,
    `shly_${randomUUID()}_${secret.slice(-43)}`,
  ]
  for (const each of forged) t.is(tokens.use(each), null, each)
  t.truthy(tokens.use(secret))
})

test('the database holds only a hash of the token', async (t) => {
  const { tokens, newUser, em } = await setUp(t)
  const { secret } = await tokens.create({ userId: await newUser(), role: 'admin' }, deploy)
  const rows = await em.getConnection().execute<Record<string, unknown>[]>('select * from api_tokens')
  t.is(rows.length, 1)
  t.false(JSON.stringify(rows).includes(secret.slice(-43)))
  t.is(tokens.use(`shly_${String(rows[0]?.['id'])}_${String(rows[0]?.['secret_hash'])}`), null)
})

test('a token cannot have a higher role than its owner', async (t) => {
  const { tokens, newUser } = await setUp(t)
  const userId = await newUser()
  const tooMuch = [
    ['viewer', 'operator'],
    ['viewer', 'admin'],
    ['operator', 'admin'],
  ] as const
  for (const [role, scope] of tooMuch) {
    const error = await t.throwsAsync(tokens.create({ userId, role }, { ...deploy, scope }), { code: 'INVALID_INPUT' })
    t.regex(error.message, /scope: cannot be higher than your own role/)
  }
  t.truthy(await tokens.create({ userId, role: 'viewer' }, { ...deploy, scope: 'viewer' }))
})

test('all invalid fields are named at once', async (t) => {
  const { tokens, newUser } = await setUp(t)
  const owner = { userId: await newUser(), role: 'viewer' } as const
  const wrong = { name: '   ', scope: 'admin', expiresInDays: 367 } as const
  const error = await t.throwsAsync<Error & { fields?: { field: string }[] }>(tokens.create(owner, wrong), { code: 'INVALID_INPUT' })
  t.deepEqual(
    error.fields?.map(({ field }) => field),
    ['name', 'expiresInDays', 'scope'],
  )
  for (const expiresInDays of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    await t.throwsAsync(
      tokens.create(owner, { name: 'x', scope: 'viewer', expiresInDays }),
      { code: 'INVALID_INPUT' },
      String(expiresInDays),
    )
  }
  await t.throwsAsync(tokens.create(owner, { name: 'x'.repeat(101), scope: 'viewer', expiresInDays: 1 }), { code: 'INVALID_INPUT' })
})

test('token names are unique per user, and a user has 50 tokens at most', async (t) => {
  const { tokens, newUser } = await setUp(t)
  const [alice, bob] = [{ userId: await newUser(), role: 'admin' } as const, { userId: await newUser(), role: 'admin' } as const]
  await tokens.create(alice, deploy)
  await t.throwsAsync(tokens.create(alice, deploy), { code: 'CONFLICT', message: /a token named deploy already/ })
  t.truthy(await tokens.create(bob, deploy))
  for (let count = 1; count < 50; count++) await tokens.create(alice, { ...deploy, name: `token ${count}` })
  await t.throwsAsync(tokens.create(alice, { ...deploy, name: 'one more' }), { code: 'CONFLICT' })
})

test('users can revoke only their own tokens', async (t) => {
  const { tokens, open, newUser, ended } = await setUp(t)
  const [alice, bob] = [await newUser(), await newUser()]
  const { token, secret } = await tokens.create({ userId: alice, role: 'admin' }, deploy)
  for (const strangers of [[bob], []]) await t.throwsAsync(tokens.revoke(strangers, token.id), { code: 'NOT_FOUND' })
  await t.throwsAsync(tokens.revoke([alice], randomUUID()), { code: 'NOT_FOUND' })
  await tokens.revoke([alice], token.id)
  t.is(tokens.use(secret), null)
  t.false(tokens.find(token.id) !== null)
  t.deepEqual(ended, [token.id])
  t.is((await open()).use(secret), null)
})

test('tokens and their last use survive a restart, except those of a removed user', async (t) => {
  const { tokens, open, newUser, clock, em } = await setUp(t)
  const userId = await newUser()
  const { secret } = await tokens.create({ userId, role: 'admin' }, deploy)
  const { secret: ownerless } = await tokens.create({ userId: await newUser(), role: 'admin' }, deploy)
  clock.advance(1000)
  tokens.use(secret)
  await tokens.flush()
  const [listed] = await (await open()).listOf(userId)
  t.like(listed, { name: 'deploy', lastUsedAt: clock.now() })
  await em.fork().nativeDelete(UserEntity, { id: userId })
  tokens.forgetUser(userId)
  for (const each of [tokens, await open()]) {
    t.is(each.use(secret), null)
    t.truthy(each.use(ownerless))
  }
})
