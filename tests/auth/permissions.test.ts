import test from 'ava'
import { callerKey, may, mayOwnTokens, refusalWords, seesNode, type Caller } from '../../api/auth/caller.ts'
import {
  clusterWide,
  leastRole,
  lesserRole,
  personOnly,
  primaryOnly,
  rank,
  roleMay,
  roles,
  type Permission,
  type Role,
} from '../../api/auth/permissions.ts'

const permissions = Object.keys(leastRole) as Permission[]

const caller = (given: Partial<Caller> = {}): Caller => ({
  name: 'ann',
  via: 'session',
  role: 'admin',
  userId: 'u1',
  nodeLimit: null,
  credentialId: 'c1',
  expiresAt: null,
  address: '192.0.2.7',
  ...given,
})

test('each role has the permissions of lower roles and none of higher ones', (t) => {
  t.deepEqual(roles.map(rank), [0, 1, 2])
  for (const permission of permissions) {
    t.deepEqual(
      roles.map((role) => roleMay(role, permission)),
      roles.map((role) => rank(role) >= rank(leastRole[permission])),
      permission,
    )
    t.true(roleMay(leastRole[permission], permission), permission)
  }
  const lesser: [Role, Role, Role][] = [
    ['viewer', 'admin', 'viewer'],
    ['admin', 'operator', 'operator'],
    ['operator', 'operator', 'operator'],
  ]
  for (const [a, b, expected] of lesser) t.is(lesserRole(a, b), expected, `${a} ${b}`)
})

test('callers limited to some nodes have no cluster-wide permissions, and tokens none that are for people', (t) => {
  for (const permission of permissions) {
    t.is(may(caller({ nodeLimit: [{ env: 'lab' }] }), permission), !clusterWide.has(permission), permission)
    t.is(may(caller({ via: 'token' }), permission), !personOnly.has(permission), permission)
    t.true(may(caller(), permission), permission)
  }
})

test('lists the permissions that are cluster-wide, only for people or only on the primary', (t) => {
  t.deepEqual([...clusterWide].toSorted(), ['audit.read', 'node.change', 'settings.change', 'settings.read', 'users.manage'])
  t.deepEqual([...personOnly], ['account.manage'])
  t.deepEqual([...primaryOnly].toSorted(), ['node.change', 'settings.change'])
})

test('a refusal names what is missing: first the role, then a person, then the other nodes', (t) => {
  t.is(refusalWords(caller({ role: 'viewer' }), 'app.change'), 'This needs the role operator. Yours is viewer')
  t.is(refusalWords(caller({ role: 'viewer', via: 'token' }), 'app.change'), 'This needs a token with the scope operate. This one has read')
  t.regex(refusalWords(caller({ via: 'token' }), 'account.manage'), /^API tokens cannot/)
  t.regex(refusalWords(caller({ nodeLimit: [] }), 'node.change'), /^This affects every node/)
  t.notRegex(refusalWords(caller({ nodeLimit: [] }), 'account.manage'), /token/)
  t.regex(refusalWords(caller({ via: 'token', nodeLimit: [] }), 'node.change'), /^This affects every node/)
})

test('a caller sees nodes with every label of any one set', (t) => {
  const limited = caller({ nodeLimit: [{ env: 'lab', team: 'web' }, { env: 'dev' }] })
  t.true(seesNode(limited, { env: 'lab', team: 'web', more: 'x' }))
  t.true(seesNode(limited, { env: 'dev' }))
  t.false(seesNode(limited, { env: 'lab' }))
  t.false(seesNode(limited, {}))
  t.false(seesNode(caller({ nodeLimit: [] }), { env: 'lab' }))
  t.true(seesNode(caller(), {}))
})

test('budgets count per user, else per credential, else per edge name and place', (t) => {
  t.is(callerKey(caller()), 'u1')
  t.is(callerKey(caller({ userId: null })), 'c1')
  const edge = caller({ userId: null, credentialId: null, via: 'edge' })
  t.is(callerKey(edge), 'edge ann 192.0.2.7')
  t.not(callerKey(edge), callerKey({ ...edge, name: 'bob' }))
  t.not(callerKey(edge), callerKey({ ...edge, address: '192.0.2.8' }))
})

test('people can own tokens, and without sign-in only administrators can', (t) => {
  t.true(mayOwnTokens(caller({ role: 'viewer', nodeLimit: [] })))
  t.true(mayOwnTokens(caller({ userId: null })))
  t.false(mayOwnTokens(caller({ userId: null, role: 'operator' })))
  t.false(mayOwnTokens(caller({ userId: null, nodeLimit: [{ env: 'lab' }] })))
})
