import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { inUse, parseGrants } from '../../api/auth/grants.ts'
import type { AllowList, Profile } from '../../api/auth/profile.ts'
import { createUsers } from '../../api/auth/users.ts'
import { dataFolder } from '../helpers/data-folder.ts'
import { testDatabase } from '../helpers/database.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { endsOf } from '../helpers/settled.ts'

async function setUp(t: ExecutionContext<unknown>, { roles = '', path = join(dataFolder(t), 'selfhostly.db') } = {}) {
  const { em } = await testDatabase(t, path)
  const lists: Record<string, AllowList> = {
    github: { users: ['alice', 'bob', 'carol@example.com'], groups: [] },
    idp: { users: [], groups: ['ops'] },
  }
  const removed: string[] = []
  const clock = createManualClock()
  const users = createUsers({
    ...{ em, clock, grants: inUse(parseGrants('admin', roles), ['github', 'oidc']) },
    kindOf: (provider) => (provider === 'github' ? 'github' : provider === 'idp' ? 'oidc' : null),
    allowListOf: (provider) => lists[provider] ?? null,
    onChanged: () => undefined,
    onRemoved: (id) => void removed.push(id),
  })
  await users.start()
  return { users, lists, removed, clock, path }
}

const profile = (login: string, more: Partial<Profile> = {}): Profile => ({
  ...{ provider: 'github', subject: `id of ${login}`, login, name: null, email: null, groups: [] },
  ...more,
})

const refused = { code: 'FORBIDDEN' }

test('the allowlist lets people in by login or verified address, ignoring case, and nobody else', async (t) => {
  const { users } = await setUp(t)
  t.like(await users.signIn(profile('Alice')), { login: 'Alice', role: 'admin', nodeLimit: null })
  t.like(await users.signIn(profile('caz', { email: 'Carol@Example.com' })), { login: 'caz' })
  for (const other of [
    profile('mallory'),
    profile('alice2'),
    profile('x', { email: 'x@example.com' }),
    profile('y', { groups: ['ops', 'alice'] }),
  ]) {
    await t.throwsAsync(users.signIn(other), { ...refused, message: /is not on the list/ })
  }
  t.deepEqual(
    users.list().map(({ login }) => login),
    ['Alice', 'caz'],
  )
})

test("one provider's allowlist does not apply to another", async (t) => {
  const { users } = await setUp(t)
  await t.throwsAsync(users.signIn(profile('alice', { provider: 'idp' })), refused)
  await t.throwsAsync(users.signIn(profile('alice', { provider: 'https://unknown.example' })), refused)
  await t.throwsAsync(
    users.signIn(profile('bob', { groups: ['ops'] })).then(() => users.signIn(profile('dave', { groups: ['ops'] }))),
    refused,
  )
})

test('a renamed account keeps its access', async (t) => {
  const { users, clock } = await setUp(t)
  const { id, createdAt } = await users.signIn(profile('alice'))
  clock.advance(1000)
  const again = await users.signIn(profile('alicia', { subject: 'id of alice', name: 'Alicia' }))
  t.like(again, { id, createdAt, login: 'alice', name: 'Alicia', lastSignInAt: clock.now() })
})

test('the new owner of a login inherits nothing until the old account is removed', async (t) => {
  const { users, removed } = await setUp(t)
  const { id } = await users.signIn(profile('alice'))
  await t.throwsAsync(users.signIn(profile('alice', { subject: 'another' })), { ...refused, message: /is not the account that/ })
  await t.throwsAsync(users.signIn(profile('ALICE', { subject: 'another' })), refused)
  await users.remove(id)
  t.deepEqual(removed, [id])
  t.is(users.find(id), undefined)
  t.not((await users.signIn(profile('alice', { subject: 'another' }))).id, id)
  await t.throwsAsync(users.remove(id), { code: 'NOT_FOUND' })
})

test('taking over a login gives no role, neither to a known user nor to one let in by a group', async (t) => {
  const { users, lists } = await setUp(t, { roles: 'alice' })
  t.is((await users.signIn(profile('alice'))).role, 'admin')
  t.is((await users.signIn(profile('bob'))).role, 'viewer')
  t.is((await users.signIn(profile('alicia', { subject: 'id of alice' }))).role, 'admin')
  t.like(await users.signIn(profile('alice', { subject: 'id of bob' })), { role: 'viewer', login: 'bob' })
  lists['github']?.groups.push('staff')
  const inGroup = { groups: ['staff'], subject: 'third' }
  await t.throwsAsync(users.signIn(profile('alice', inGroup)), refused)
  t.is((await users.signIn(profile('dave', inGroup))).role, 'viewer')
  t.like(await users.signIn(profile('alice', inGroup)), { role: 'viewer', login: 'dave' })
})

test('a user taken off the allowlist loses access at once, and gets it back when returned', async (t) => {
  const { users, lists } = await setUp(t)
  const { id } = await users.signIn(profile('alice'))
  lists['github'] = { users: ['bob'], groups: [] }
  t.is(users.find(id), undefined)
  t.deepEqual(users.list(), [])
  await t.throwsAsync(users.signIn(profile('alice')), refused)
  lists['github'] = { users: ['alicia'], groups: [] }
  const renamed = await users.signIn(profile('alicia', { subject: 'id of alice' }))
  t.like(renamed, { id, login: 'alicia' }, 'the list names the new login')
  delete lists['github']
  t.is(users.find(id), undefined, 'the provider is not in use any more')
})

test('groups let people in as long as the provider reports them', async (t) => {
  const { users, lists } = await setUp(t, { roles: 'group:ops' })
  const erin = profile('erin', { provider: 'idp', groups: ['ops'] })
  const { id, role } = await users.signIn(erin)
  t.is(role, 'admin')
  await t.throwsAsync(users.signIn({ ...erin, groups: ['Ops', 'staff'] }), refused)
  lists['idp'] = { users: [], groups: ['staff'] }
  t.is(users.find(id), undefined)
  t.like(await users.signIn({ ...erin, groups: ['staff'] }), { id, role: 'viewer', groups: ['staff'] })
  const namesake = profile('Erin', { provider: 'idp', groups: ['staff'], subject: 'another' })
  t.like(
    await users.signIn(namesake),
    { login: 'Erin (another)', role: 'viewer' },
    'an account with the same chosen name is separate and blocks nobody',
  )
  t.truthy(await users.signIn(profile('frank', { provider: 'idp', groups: ['staff'] })), 'a group lets in more than one')
})

test('simultaneous sign-ins of one account make one user, and two accounts cannot share an entry', async (t) => {
  const { users } = await setUp(t)
  const [first, second] = await Promise.all([users.signIn(profile('alice')), users.signIn(profile('alice'))])
  t.is(first.id, second.id)
  const both = await Promise.allSettled([users.signIn(profile('bob')), users.signIn(profile('bob', { subject: 'another' }))])
  t.deepEqual(endsOf(both), ['done', 'FORBIDDEN'])
  t.is(users.list().length, 2)
})

test('users survive a restart', async (t) => {
  const { users, path } = await setUp(t)
  const before = await users.signIn(profile('alice', { name: 'Alice', email: 'a@example.com', groups: ['x', 'y'] }))
  const { users: restarted } = await setUp(t, { path })
  t.deepEqual(restarted.find(before.id), before)
  await t.throwsAsync(restarted.signIn(profile('alice', { subject: 'another' })), refused)
})
