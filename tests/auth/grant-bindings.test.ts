import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { GrantBindingEntity } from '../../api/auth/grant-binding.entity.ts'
import { inUse, parseGrants, type ProviderKind } from '../../api/auth/grants.ts'
import { UserEntity } from '../../api/auth/user.entity.ts'
import type { Profile } from '../../api/auth/profile.ts'
import { createUsers } from '../../api/auth/users.ts'
import { dataFolder } from '../helpers/data-folder.ts'
import { testDatabase } from '../helpers/database.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { peopleSettings, signIn } from '../helpers/people.ts'
import { runningNode } from '../helpers/running-node.ts'

const idp = 'https://idp.example'
const profile = (provider: string, login: string, more: Partial<Profile> = {}): Profile => ({
  ...{ provider, subject: `${provider} id of ${login}`, login, name: null, email: null, groups: provider === idp ? ['staff'] : [] },
  ...more,
})

async function setUp(t: ExecutionContext<unknown>, { roles = 'alice', path = join(dataFolder(t), 'selfhostly.db') } = {}) {
  const { em } = await testDatabase(t, path)
  const kinds: ProviderKind[] = ['github', 'oidc']
  const notes: string[] = []
  const users = createUsers({
    ...{ em, clock: createManualClock(), grants: inUse(parseGrants('admin', roles), kinds) },
    kindOf: (provider) => (provider === 'github' ? 'github' : provider === idp ? 'oidc' : null),
    allowListOf: (provider) => (provider === idp ? { users: [], groups: ['staff'] } : { users: ['alice', 'bob'], groups: [] }),
    note: (words) => void notes.push(words),
    onChanged: () => undefined,
    onRemoved: () => undefined,
  })
  /** An account from a version without bindings. */
  const before = (provider: string, login: string, more: Partial<Profile> = {}) => {
    const { unverifiedEmail: _, ...rest } = profile(provider, login, more)
    const times = { createdAt: new Date(0), lastSignInAt: new Date(0) }
    return em.fork().insert(UserEntity, { id: randomUUID(), ...rest, ...times, allowedAs: provider === idp ? 'group:staff' : login })
  }
  const roleBy = async (who: Profile) => (await users.signIn(who)).role
  return { users, notes, before, roleBy, path, em }
}

test('a name at another provider grants nothing, even to the first one to use it', async (t) => {
  const { users, roleBy } = await setUp(t)
  await users.start()
  t.is(await roleBy(profile(idp, 'alice')), 'viewer')
  t.is(await roleBy(profile('github', 'alice')), 'admin')
  t.is(await roleBy(profile(idp, 'alice')), 'viewer')
})

test('an upgrade keeps the administrator at either provider and logs who it is, and a later namesake gets nothing', async (t) => {
  for (const [provider, other] of [
    ['github', idp],
    [idp, 'github'],
  ] as const) {
    const { users, notes, before, roleBy, path } = await setUp(t)
    await before(provider, 'alice')
    await before(provider, 'bob')
    await users.start()
    t.deepEqual(
      users.list().map(({ login, role }) => `${login} ${role}`),
      ['alice admin', 'bob viewer'],
    )
    t.deepEqual(notes, [
      `"alice" in AUTH_ADMINS, AUTH_OPERATORS or AUTH_VIEWERS now means alice (${provider} id of alice) at ${provider} and no other account`,
    ])
    t.is(await roleBy(profile(other, 'alice')), 'viewer', other)
    const { users: restarted, notes: more } = await setUp(t, { path })
    await restarted.start()
    t.deepEqual(more, [], 'said once')
    t.deepEqual(
      restarted
        .list()
        .filter(({ role }) => role === 'admin')
        .map(({ provider: by }) => by),
      [provider],
    )
  }
})

test('an upgrade with two accounts of one name stops the start and names both', async (t) => {
  const { users, before, path } = await setUp(t)
  await before('github', 'alice')
  await before(idp, 'alice')
  await t.throwsAsync(users.start(), {
    name: 'StartError',
    message: /"alice" matches more than one account: .*github.*idp\.example.*github:LOGIN/s,
  })
  const { users: mended } = await setUp(t, { path, roles: 'github:alice' })
  await mended.start()
  t.deepEqual(
    mended
      .list()
      .filter(({ role }) => role === 'admin')
      .map(({ provider }) => provider),
    ['github'],
  )
})

test('an account that takes the name after the upgrade gets no role at a later start', async (t) => {
  const { users, path } = await setUp(t)
  await users.start()
  await users.signIn(profile(idp, 'alice'))
  const { users: restarted } = await setUp(t, { path })
  await restarted.start()
  t.deepEqual(
    restarted.list().map(({ role }) => role),
    ['viewer'],
  )
})

test('an address without a provider stops the start, unless it belongs to a known account', async (t) => {
  const { users } = await setUp(t, { roles: 'boss@example.com' })
  await t.throwsAsync(users.start(), { name: 'StartError', message: /github:boss@example\.com or oidc:boss@example\.com/ })
  const known = await setUp(t, { roles: 'boss@example.com' })
  await known.before(idp, 'boss', { email: 'Boss@example.com' })
  await known.users.start()
  t.is(await known.roleBy(profile(idp, 'boss', { email: 'boss@example.com' })), 'admin')
  t.is(await known.roleBy(profile(idp, 'other', { email: 'boss@example.com' })), 'viewer', 'an address changes hands as well')
})

test('an entry is free again when its account is removed', async (t) => {
  const { users, roleBy, em } = await setUp(t, { roles: 'github:alice' })
  await users.start()
  const { id } = await users.signIn(profile('github', 'alice'))
  await users.remove(id)
  t.is(await em.fork().count(GrantBindingEntity, { provider: 'github' }), 0)
  t.is(await roleBy(profile('github', 'alice', { subject: 'another' })), 'admin')
})

test('a whole node upgraded from an older version keeps its administrator', async (t) => {
  const database = { DATABASE_PATH: join(dataFolder(t), 'selfhostly.db') }
  const first = await runningNode(t, { ...peopleSettings, ...database })
  const admin = await signIn(first, 'admin')
  await first.stop()
  const { em } = await testDatabase(t, database.DATABASE_PATH)
  await em.getConnection().execute('delete from "grant_bindings"')
  const upgraded = await runningNode(t, { ...peopleSettings, ...database })
  t.is(upgraded.services.access.users.find(admin.id)?.role, 'admin')
  t.true(upgraded.log.some(({ msg }) => /"admin" in AUTH_ADMINS.* now means admin \(subject of admin\) at github/.test(msg)))
})
