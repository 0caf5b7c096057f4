import { randomUUID } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import test, { type ExecutionContext } from 'ava'
import type { Config, Environment } from '../../api/config.ts'
import { addPerson } from '../helpers/password.ts'
import { outcomeOf, type CallerKind, type Outcome } from '../helpers/outcome.ts'
import { routesOf } from '../helpers/routes.ts'
import { nodeHeaders, runningNode, runningSecondary, type RunningNode } from '../helpers/running-node.ts'
import { graphqlFields, unknownId } from '../helpers/sample-document.ts'
import { surfaceOf, surfaces, type Surface } from '../helpers/surfaces.ts'

/** An address of this machine whose calls do not look local. */
const outside = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address

/** Listens on every address, so that calls from outside reach the program. */
const everywhere: Environment = { SERVER_ADDRESS: '0.0.0.0:0' }

const strangers = ['machine', 'cookie', 'proxy', 'rebinding', 'otherSite', 'network', 'pretender'] as const
const nodes = ['self', 'member', 'removed', 'unknown', 'wrongKey'] as const
type CallerName = (typeof strangers)[number] | (typeof nodes)[number]
type Row = Record<CallerName, Outcome>

const wrongKey = 'not-the-key-of-anybody'

/** A primary's cluster: a member and a former member. On a secondary both know its key, like its primary. */
async function callersOf(node: RunningNode): Promise<Record<CallerName, CallerKind>> {
  const origin = node.url
  const port = new URL(origin).port
  const fromOutside = `http://${outside ?? '127.0.0.1'}:${port}`
  const member = { id: randomUUID(), key: node.services.self.isPrimary ? 'key-of-a-member' : node.key }
  const removed = { id: randomUUID(), key: 'key-of-a-removed-node' }
  if (node.services.self.isPrimary) {
    for (const { id, key } of [member, removed]) {
      await node.services.members.registry.register({ id, name: `node-${id.slice(0, 8)}`, apiEndpoint: 'http://127.0.0.1:9', apiKey: key })
    }
    await node.services.members.registry.remove(removed.id)
  }
  const asNode = (id: string, key: string): CallerKind => ({ origin, headers: nodeHeaders({ id, key }), nodeId: id })
  return {
    machine: { origin, headers: {} },
    cookie: { origin, headers: { cookie: 'session=of-a-person' } },
    proxy: { origin, headers: { 'x-forwarded-for': '203.0.113.7' } },
    rebinding: { origin, headers: { host: `rebound.example:${port}` } },
    otherSite: { origin, headers: { origin: 'https://other.example', 'sec-fetch-site': 'cross-site' } },
    network: { origin: fromOutside, headers: {} },
    pretender: { origin: fromOutside, headers: { host: `localhost:${port}`, 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1' } },
    self: asNode(node.id, node.key),
    member: asNode(member.id, member.key),
    removed: asNode(removed.id, removed.key),
    unknown: asNode(unknownId, node.services.self.isPrimary ? member.key : wrongKey),
    wrongKey: asNode(member.id, wrongKey),
  }
}

const rowOf = (outcome: (caller: CallerName) => Outcome): Row =>
  Object.fromEntries([...strangers, ...nodes].map((caller) => [caller, outcome(caller)])) as Row

const isNode = (caller: CallerName): boolean => (nodes as readonly string[]).includes(caller)

type Mode = Config['access']['mode']

/**
 * The checks of the user surface before authentication: node credentials are always refused, a page of another site cannot change
 * anything, and only known host names are accepted.
 */
const doorRow = (changes: boolean): Row =>
  rowOf((caller) => {
    if (isNode(caller)) return 401
    if (caller === 'rebinding') return 421
    return changes && caller === 'otherSite' ? 403 : 'in'
  })

/** Needs a caller. Nobody has signed in here. */
const userRow = (mode: Mode, changes: boolean): Row => {
  const door = doorRow(changes)
  return rowOf((caller) => (mode === 'sign-in' && door[caller] === 'in' ? 401 : door[caller]))
}

/** People can never use the node surface, wherever they call from. */
const nodeRow = (granted: Partial<Row>): Row => rowOf((caller) => granted[caller] ?? 401)

const everybody = rowOf(() => 'in')
/** Callers without a join token are refused, whatever other credentials they send. */
const nobody = rowOf(() => 401)

type Rules = (surface: Surface, changes: boolean) => Row

const onPrimary =
  (mode: Mode): Rules =>
  (surface, changes) => {
    switch (surface) {
      case 'user':
      case 'cluster':
        return userRow(mode, changes)
      case 'page':
      case 'avatar':
      case 'sign-in':
        return doorRow(changes)
      case 'node':
      case 'heartbeat':
        return nodeRow({ self: 'in', member: 'in' })
      case 'own node':
        return nodeRow({ self: 'in', member: 403 })
      case 'join':
        return nobody
      default:
        return everybody
    }
  }

const signInSettings: Environment = {
  AUTH_ENABLED: 'true',
  JWT_SECRET: 'a secret of at least thirty-two characters',
  GITHUB_CLIENT_ID: 'client',
  GITHUB_CLIENT_SECRET: 'secret',
  GITHUB_ALLOWED_USERS: 'octocat',
}

const primaryModes: { name: string; mode: Mode; env: Environment }[] = [
  { name: 'unset', mode: 'sign-in', env: {} },
  { name: 'false', mode: 'trusted-edge', env: { AUTH_ENABLED: 'false' } },
  { name: 'true', mode: 'sign-in', env: signInSettings },
]

/** A secondary accepts anyone who proves its key as its primary, and people who sign in there. Nobody has. */
const onSecondary: Rules = (surface, changes) => {
  const user = userRow('sign-in', changes)
  switch (surface) {
    case 'user':
      return user
    case 'page':
    case 'avatar':
    case 'sign-in':
      return doorRow(changes)
    case 'cluster':
      return user
    case 'heartbeat':
      return nodeRow({ self: 'absent', member: 'absent' })
    case 'node':
    case 'own node':
      return nodeRow({ self: 'in', member: 'in' })
    case 'join':
      return rowOf(() => 403)
    default:
      return everybody
  }
}

const operationsOf = async (node: RunningNode): Promise<string[]> => [
  ...(await routesOf(node.services)).map(({ method, path }) => `${method} ${path}`),
  ...graphqlFields(),
]

async function checkMatrix(t: ExecutionContext, node: RunningNode, rules: Rules): Promise<void> {
  const callers = await callersOf(node)
  // Without another address, two callers cannot be distinguished from local ones.
  const names = [...strangers, ...nodes].filter((name) => outside ?? (name !== 'network' && name !== 'pretender'))
  if (!outside) t.log('this machine has no address but loopback: calls from outside are not made')
  const operations = (await operationsOf(node)).filter((operation) => surfaceOf(operation) !== 'guard')
  if (!node.services.self.isPrimary) operations.push('POST /api/internal/nodes/:id/heartbeat')
  for (const operation of operations) {
    const surface = surfaceOf(operation)
    if (!surface) return t.fail(`${operation} has no place in tests/helpers/surfaces.ts`)
    const row = rules(surface, !operation.startsWith('GET '))
    const outcomes = await Promise.all(names.map((name) => outcomeOf(operation, callers[name])))
    const actual = Object.fromEntries(names.map((name, index) => [name, outcomes[index]]))
    const expected = Object.fromEntries(names.map((name) => [name, row[name]]))
    t.deepEqual(actual, expected, operation)
  }
  t.deepEqual(
    node.log.filter(({ level }) => level === 'error'),
    [],
    'no call is a bug',
  )
}

test('every route and field has its place in the table, and nothing else has', async (t) => {
  const nodes = await Promise.all([runningNode(t), runningNode(t, signInSettings), runningSecondary(t)])
  const operations = new Set((await Promise.all(nodes.map(operationsOf))).flat())
  t.deepEqual(
    [...operations].filter((operation) => surfaceOf(operation) === undefined),
    [],
  )
  t.deepEqual(
    Object.keys(surfaces).filter((operation) => !operations.has(operation)),
    [],
  )
})

for (const { name, mode, env } of primaryModes) {
  test(`a primary, AUTH_ENABLED ${name}: every operation, every caller`, async (t) => {
    await checkMatrix(t, await runningNode(t, { ...everywhere, ...env }), onPrimary(mode))
  })
}

for (const [name, env] of [
  ['unset', {}],
  ['false', { AUTH_ENABLED: 'false' }],
  ['true', signInSettings],
] as const) {
  test(`a secondary, AUTH_ENABLED ${name}: every operation, every caller`, async (t) => {
    await checkMatrix(t, await runningSecondary(t, undefined, { ...everywhere, ...env }), onSecondary)
  })
}

test('a secondary where someone has a password: every operation, every caller', async (t) => {
  const node = await runningSecondary(t, undefined, everywhere)
  await addPerson(node)
  await checkMatrix(t, node, onSecondary)
})
