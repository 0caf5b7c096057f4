import test from 'ava'
import fc from 'fast-check'
import { inUse, parseGrants, roleOf, type Person, type ProviderKind } from '../../api/auth/grants.ts'
import { leastRole, lesserRole, rank, roleMay, roles, type Permission } from '../../api/auth/permissions.ts'
import { may, seesNode, type Caller } from '../../api/auth/caller.ts'

const person = (login: string, more: Partial<Person> = {}): Person => ({
  ...{ kind: 'github', subject: `id of ${login}`, login, email: null, groups: [] },
  ...more,
})

test('parses entries for people and groups, with and without labels', (t) => {
  const user = { kind: 'user', isBare: false } as const
  t.deepEqual(
    parseGrants('operator', ' Alice, github:bob ,oidc:auth0|1,access:c@Example.com,group:Ops,, oidc:group:x:y, d[env=lab;team=web]'),
    [
      { role: 'operator', who: { kind: 'user', provider: null, isBare: true, value: 'Alice' }, labels: {} },
      { role: 'operator', who: { ...user, provider: 'github', value: 'bob' }, labels: {} },
      { role: 'operator', who: { ...user, provider: 'oidc', value: 'auth0|1' }, labels: {} },
      { role: 'operator', who: { ...user, provider: 'access', value: 'c@Example.com' }, labels: {} },
      { role: 'operator', who: { kind: 'group', provider: 'oidc', isBare: false, value: 'Ops' }, labels: {} },
      { role: 'operator', who: { kind: 'group', provider: 'oidc', isBare: false, value: 'x:y' }, labels: {} },
      { role: 'operator', who: { kind: 'user', provider: null, isBare: true, value: 'd' }, labels: { env: 'lab', team: 'web' } },
    ],
  )
  t.deepEqual(parseGrants('admin', ''), [])
  t.deepEqual(parseGrants('admin', 'oidc:corp|github:x')[0]?.who, { ...user, provider: 'oidc', value: 'corp|github:x' })
})

test('an entry without a provider means the one in use; with two, a name means GitHub and an address stays open', (t) => {
  const providers = (kinds: ProviderKind[]) =>
    inUse(parseGrants('admin', 'alice,bob@example.com,oidc:carol'), kinds).map(({ who }) => who.provider)
  t.deepEqual(providers(['github']), ['github', 'github', 'oidc'])
  t.deepEqual(providers(['oidc']), ['oidc', 'oidc', 'oidc'])
  t.deepEqual(providers(['access']), ['access', 'access', 'oidc'])
  t.deepEqual(providers(['github', 'oidc']), ['github', null, 'oidc'])
})

test('a name counts only at its own provider, and nowhere if people choose it themselves', (t) => {
  const role = (entry: string, who: Person) => roleOf(inUse(parseGrants('admin', entry), ['github', 'oidc']), who).role
  const oidc = (login: string, more: Partial<Person> = {}) => person(login, { kind: 'oidc', ...more })
  t.is(role('alice', person('Alice')), 'admin')
  for (const entry of ['alice', 'github:alice', 'oidc:alice', 'access:alice']) t.is(role(entry, oidc('alice')), 'viewer', entry)
  t.is(role('oidc:4711', oidc('alice', { subject: '4711' })), 'admin')
  t.is(role('oidc:AbC', oidc('alice', { subject: 'abc' })), 'viewer', 'ids are to the letter')
  t.is(role('oidc:Alice@example.com', oidc('x', { email: 'alice@Example.com' })), 'admin')
  t.is(role('github:alice@example.com', oidc('x', { email: 'alice@example.com' })), 'viewer')
  t.is(role('access:alice@example.com', person('alice', { kind: 'access', email: 'alice@example.com' })), 'admin')
  for (const entry of ['alice', 'administrator', 'github:alice'])
    t.is(role(entry, person('alice', { kind: null })), 'viewer', 'own accounts')
})

test('an invalid entry is refused by name', (t) => {
  for (const entry of [
    'al ice',
    'alice[',
    'alice[]',
    'alice[env]',
    'alice[env=]',
    'alice[=lab]',
    'alice[a=b=c]',
    '[env=lab]',
    'group:',
    'github:',
    'oidc:group:',
    'github:group:ops',
    'alice]x',
  ]) {
    const error = t.throws(() => parseGrants('admin', `bob,${entry}`), undefined, entry)
    t.true(error?.message.includes(`"${entry}"`), error?.message)
  }
})

test('without grants everyone is an admin, and with grants everyone else is a viewer', (t) => {
  t.deepEqual(roleOf([], person('alice')), { role: 'admin', nodeLimit: null })
  t.deepEqual(roleOf(parseGrants('operator', 'bob'), person('alice')), { role: 'viewer', nodeLimit: null })
})

test('logins and addresses ignore case, groups do not', (t) => {
  const grants = parseGrants('operator', 'alice,bob@example.com,group:Ops')
  const role = (who: ReturnType<typeof person>) => roleOf(grants, who).role
  t.is(role(person('ALICE')), 'operator')
  t.is(role(person('b', { email: 'Bob@Example.com' })), 'operator')
  t.is(role(person('c', { kind: 'oidc', groups: ['x', 'Ops'] })), 'operator')
  for (const nobody of [
    person('alic'),
    person('bob'),
    person('c', { groups: ['ops'] }),
    person('Ops'),
    person('group:Ops'),
    person('c', { groups: ['alice'] }),
    person('c', { groups: ['Ops'] }),
    person('c', { kind: 'oidc', groups: ['ops'] }),
    person('c', { kind: 'oidc' }),
    person('c', { kind: null, subject: 'alice', email: 'bob@example.com' }),
  ]) {
    t.is(role(nobody), 'viewer', JSON.stringify(nobody))
  }
})

test('the highest role applies, on the nodes of the grants that give it', (t) => {
  const grants = [...parseGrants('admin', 'alice[env=lab],alice[env=dev;team=web]'), ...parseGrants('operator', 'alice,group:ops')]
  t.deepEqual(roleOf(grants, person('alice')), { role: 'admin', nodeLimit: [{ env: 'lab' }, { env: 'dev', team: 'web' }] })
  t.deepEqual(
    roleOf([...grants, ...parseGrants('admin', 'group:ops')], person('alice', { kind: 'oidc', subject: 'alice', groups: ['ops'] })),
    {
      role: 'admin',
      nodeLimit: null,
    },
  )
})

test('a limit needs every label of one of its sets', (t) => {
  const limited = (nodeLimit: Caller['nodeLimit']): Caller => ({
    ...{ name: 'a', via: 'session', role: 'operator', userId: 'u', credentialId: 'c', expiresAt: null, address: '192.0.2.7' },
    nodeLimit,
  })
  const sets = limited([{ env: 'lab' }, { env: 'dev', team: 'web' }])
  t.true(seesNode(sets, { env: 'lab', team: 'any' }))
  t.true(seesNode(sets, { env: 'dev', team: 'web' }))
  const others: Record<string, string>[] = [{}, { env: 'dev' }, { team: 'web' }, { env: 'Lab' }, { constructor: 'x' }]
  for (const labels of others) t.false(seesNode(sets, labels), JSON.stringify(labels))
  t.true(seesNode(limited(null), {}))
  t.false(seesNode(limited([]), { env: 'lab' }))
  t.true(may(sets, 'app.change'))
  t.false(may(sets, 'settings.change'))
})

test('each role can do what lower roles can, and no more than the table allows', (t) => {
  const permissions = Object.keys(leastRole) as Permission[]
  const allowed = (role: (typeof roles)[number]) => permissions.filter((permission) => roleMay(role, permission)).sort()
  t.deepEqual(allowed('viewer'), ['account.manage', 'cluster.read'])
  t.deepEqual(allowed('operator'), ['account.manage', 'app.change', 'cluster.read', 'node.check', 'node.hold', 'settings.read'])
  t.deepEqual(allowed('admin'), [...permissions].sort())
  t.is(lesserRole('admin', 'viewer'), 'viewer')
  t.is(lesserRole('operator', 'admin'), 'operator')
})

test('more grants never take a role away', (t) => {
  const who = fc.constantFrom('alice', 'bob', 'group:ops', 'alice@example.com', 'alice[env=lab]')
  const grants = fc
    .array(fc.tuple(fc.constantFrom(...roles), who))
    .map((entries) => entries.flatMap(([role, entry]) => parseGrants(role, entry)))
  const alice = person('alice', { email: 'alice@example.com', groups: ['ops'] })
  const rankBy = (granted: ReturnType<typeof parseGrants>) => rank(roleOf(granted, alice).role)
  const [anything] = parseGrants('viewer', 'nobody')
  t.notThrows(() => {
    if (!anything) throw new Error('no grant')
    fc.assert(fc.property(grants, grants, (some, more) => rankBy([anything, ...some, ...more]) >= rankBy([anything, ...some])))
  })
})
