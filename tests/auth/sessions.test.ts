import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { absoluteMs, createSessions, idleMs } from '../../api/auth/sessions.ts'
import { UserEntity } from '../../api/auth/user.entity.ts'
import { dataFolder } from '../helpers/data-folder.ts'
import { testDatabase } from '../helpers/database.ts'
import { createManualClock, type ManualClock } from '../helpers/manual-clock.ts'

const secret = 'a secret of at least thirty-two characters'
const from = { address: '192.0.2.7', userAgent: 'Firefox' }

async function setUp(
  t: ExecutionContext<unknown>,
  { path = join(dataFolder(t), 'selfhostly.db'), clock = createManualClock() }: { path?: string; clock?: ManualClock } = {},
) {
  const { em } = await testDatabase(t, path)
  const ended: string[] = []
  const changes = { count: 0 }
  const open = async (signedBy = secret) => {
    const sessions = createSessions({
      em,
      clock,
      secret: signedBy,
      onEnded: (id) => void ended.push(id),
      onChanged: () => void changes.count++,
    })
    await sessions.start()
    return sessions
  }
  async function newUser(): Promise<string> {
    const id = randomUUID()
    const person = { provider: 'github', subject: id, allowedAs: id, login: id, name: null, email: null, groups: [] }
    await em.fork().insert(UserEntity, { id, ...person, createdAt: clock.now(), lastSignInAt: clock.now() })
    return id
  }
  return { sessions: await open(), open, newUser, ended, changes, clock, path, em }
}

test("a cookie opens its user's session", async (t) => {
  const { sessions, newUser, clock } = await setUp(t)
  const userId = await newUser()
  const cookie = await sessions.open(userId, { address: '192.0.2.7', userAgent: 'x'.repeat(1000) })
  const now = clock.now()
  t.like(sessions.use(cookie), {
    userId,
    createdAt: now,
    lastUsedAt: now,
    expiresAt: new Date(now.getTime() + idleMs),
    address: '192.0.2.7',
  })
  t.is(sessions.use(cookie)?.userAgent.length, 300)
  t.not(cookie, await sessions.open(userId, from))
})

test('use extends a session, up to an absolute limit', async (t) => {
  const { sessions, newUser, clock } = await setUp(t)
  const cookie = await sessions.open(await newUser(), from)
  const id = sessions.use(cookie)?.id ?? ''
  for (let used = idleMs - 1; used < absoluteMs; used += idleMs - 1) {
    clock.advance(idleMs - 1)
    t.truthy(sessions.use(cookie))
  }
  t.is(sessions.use(cookie)?.expiresAt.getTime(), (sessions.use(cookie)?.createdAt.getTime() ?? 0) + absoluteMs)
  clock.advance(absoluteMs % (idleMs - 1))
  t.is(sessions.use(cookie), null)
  t.false(sessions.isOpen(id))
})

test('lists of people hear of use once in each minute', async (t) => {
  const { sessions, newUser, clock, changes } = await setUp(t)
  const cookie = await sessions.open(await newUser(), from)
  const before = changes.count
  for (const [ms, count] of [
    [59_999, 0],
    [1, 1],
    [30_000, 1],
    [29_999, 1],
    [1, 2],
  ] as const) {
    clock.advance(ms)
    sessions.use(cookie)
    t.is(changes.count - before, count)
  }
})

test('a session expires after a week without use, to the millisecond', async (t) => {
  const { sessions, newUser, clock } = await setUp(t)
  const userId = await newUser()
  const [kept, left] = [await sessions.open(userId, from), await sessions.open(userId, from)]
  clock.advance(idleMs - 1)
  t.truthy(sessions.use(kept))
  clock.advance(1)
  t.is(sessions.use(left), null)
  t.is(sessions.listOf(userId).length, 1)
})

test('forged cookies are refused', async (t) => {
  const { sessions, open, newUser } = await setUp(t)
  const cookie = await sessions.open(await newUser(), from)
  const [value = '', signature = ''] = cookie.split('.')
  const other = await (await open('another secret of at least thirty-two characters')).open(await newUser(), from)
  const id = sessions.use(cookie)?.id ?? ''
  const forged = [
    '',
    '.',
    value,
    `${value}.`,
    `.${signature}`,
    `${value}.${signature.slice(1)}`,
    `${id}.${signature}`,
    `${other.split('.')[0]}.${signature}`,
  ]
  for (const each of [...forged, other, cookie.toUpperCase(), `${value}x.${signature}`, `${value}.${value}`])
    t.is(sessions.use(each), null, each)
  t.truthy(sessions.use(cookie))
})

test('nothing in the database can be used to sign in', async (t) => {
  const { sessions, newUser, em } = await setUp(t)
  const cookie = await sessions.open(await newUser(), from)
  const rows = await em.getConnection().execute<Record<string, unknown>[]>('select * from sessions')
  t.is(rows.length, 1)
  for (const part of [cookie, ...cookie.split('.')]) t.false(JSON.stringify(rows).includes(part))
  t.is(sessions.use(String(rows[0]?.['id'])), null)
})

test('users can end only their own sessions', async (t) => {
  const { sessions, newUser, ended } = await setUp(t)
  const [alice, bob] = [await newUser(), await newUser()]
  const cookies = { phone: await sessions.open(alice, from), desk: await sessions.open(alice, from), bob: await sessions.open(bob, from) }
  const idOf = (cookie: string) => sessions.use(cookie)?.id ?? ''
  const phone = idOf(cookies.phone)
  await t.throwsAsync(sessions.revoke(alice, idOf(cookies.bob)), { code: 'NOT_FOUND' })
  await t.throwsAsync(sessions.revoke(alice, 'unknown'), { code: 'NOT_FOUND' })
  await sessions.revoke(alice, phone)
  t.is(sessions.use(cookies.phone), null)
  t.false(sessions.isOpen(phone))
  t.deepEqual(ended, [phone])
  await t.throwsAsync(sessions.revoke(alice, phone), { code: 'NOT_FOUND' })
  t.truthy(sessions.use(cookies.desk))
})

test('signing out everywhere ends all sessions of a user, or all others', async (t) => {
  const { sessions, open, newUser, ended } = await setUp(t)
  const [alice, bob] = [await newUser(), await newUser()]
  const [first, second, third] = [await sessions.open(alice, from), await sessions.open(alice, from), await sessions.open(alice, from)]
  const bobs = await sessions.open(bob, from)
  await sessions.revokeAll(alice, sessions.use(second)?.id)
  t.deepEqual(
    [first, second, third].map((cookie) => sessions.use(cookie) !== null),
    [false, true, false],
  )
  t.is(ended.length, 2)
  await sessions.revokeAll(alice)
  t.deepEqual(sessions.listOf(alice), [])
  const restarted = await open()
  t.deepEqual(
    [first, second, third, bobs].map((cookie) => restarted.use(cookie) !== null),
    [false, false, false, true],
  )
})

test('sessions and their last use survive a restart, and expired ones do not come back', async (t) => {
  const { sessions, open, newUser, clock, path } = await setUp(t)
  const userId = await newUser()
  const [kept, left] = [await sessions.open(userId, from), await sessions.open(userId, from)]
  clock.advance(idleMs - 1000)
  const before = sessions.use(kept)
  await sessions.flush()
  t.deepEqual((await open()).use(kept), before)
  clock.advance(1000)
  const { sessions: restarted, em, ended } = await setUp(t, { path, clock })
  t.truthy(restarted.use(kept))
  t.is(restarted.use(left), null)
  await restarted.flush()
  t.is(ended.length, 1)
  t.is((await em.getConnection().execute<unknown[]>('select * from sessions')).length, 1)
  t.is((await open('another secret of at least thirty-two characters')).use(kept), null, 'signed with a secret no longer in use')
})

test('removing a user removes their sessions', async (t) => {
  const { sessions, open, newUser, ended, em } = await setUp(t)
  const userId = await newUser()
  const cookie = await sessions.open(userId, from)
  await em.fork().nativeDelete(UserEntity, { id: userId })
  sessions.forgetUser(userId)
  t.is(sessions.use(cookie), null)
  t.is(ended.length, 1)
  t.is((await open()).use(cookie), null)
})
