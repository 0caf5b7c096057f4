import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { systemClock } from '../../api/clock.ts'
import { clusterWide, leastRole, personOnly, type Permission, type Role } from '../../api/auth/permissions.ts'
import { browserSecretHeader } from '../../api/http/browser-secret.ts'
import type { Action } from '../../api/auth/action.ts'
import { accessEdge } from '../helpers/access-edge.ts'
import { dataFolder } from '../helpers/data-folder.ts'
import { actionTakenBy, mutationActions } from '../helpers/declared-actions.ts'
import { callOperation, type Reached, type Things } from '../helpers/operation-call.ts'
import { boundSession, peopleSettings, sessionOf, signIn, tokenOf } from '../helpers/people.ts'
import { routesOf } from '../helpers/routes.ts'
import { runningNode, type RunningNode } from '../helpers/running-node.ts'
import { graphqlFields, unknownId } from '../helpers/sample-document.ts'
import { someApp, someContainer, someNodeContainer, someOperation, someStats } from '../helpers/things.ts'

/**
 * Who can use an operation, from most callers to fewest. `everywhere`: not for callers limited to some nodes, because it affects
 * all of them. `as a person`: not for tokens. `in person`: for people who can have tokens, but not for tokens. `node`: only for
 * nodes.
 */
type Need = 'anyone' | Role | `${Role} everywhere` | 'viewer as a person' | 'viewer in person' | 'node'

/** What can be read, and by whom. A new route or field must be listed here before the test passes, unless it takes a declared action. */
const listed: Record<string, Need> = {
  'GET /api/health': 'anyone',
  'GET /api/ready': 'anyone',
  'GET /avatar/:name': 'anyone',
  'GET /auth/providers': 'anyone',
  'GET /auth/github': 'anyone',
  'GET /auth/github/callback': 'anyone',
  'POST /auth/finish': 'anyone',
  'POST /auth/link': 'anyone',
  'POST /auth/password': 'anyone',
  'POST /auth/passkey': 'anyone',
  'POST /auth/passkey/options': 'anyone',
  'POST /auth/invitation': 'anyone',
  'PUT /auth/invitation': 'anyone',
  'POST /auth/invitation/github': 'anyone',
  'PUT /auth/password': 'viewer as a person',
  'POST /auth/sign-out': 'anyone',
  'GET /*': 'anyone',

  'POST /api/join': 'node',

  'GET /api/openapi.json': 'viewer',
  'GET /graphql': 'viewer',
  'POST /graphql': 'viewer',
  'GET /api/nodes': 'viewer',
  'GET /api/nodes/:id': 'viewer',
  'GET /api/apps': 'viewer',
  'GET /api/apps/:id': 'viewer',
  'GET /api/apps/:id/removal': 'operator',
  'GET /api/compose-projects': 'operator',
  'POST /api/compose-projects/preview': 'admin',
  'POST /api/apps/validate': 'operator',
  'GET /api/apps/:id/timeline': 'viewer',
  'GET /api/nodes/:id/timeline': 'viewer',
  'GET /api/apps/:id/history': 'viewer',
  'GET /api/nodes/:id/history': 'viewer',
  'GET /api/apps/:id/logs': 'viewer',
  'GET /api/nodes/:id/containers/:container_id/logs': 'viewer',
  'GET /api/containers': 'viewer',
  'GET /api/images': 'viewer',
  'GET /api/volumes': 'viewer',
  'GET /api/networks': 'viewer',
  'GET /api/nodes/:id/containers/:container_id': 'viewer',
  'GET /api/nodes/:id/containers/:container_id/details': 'viewer',
  'GET /api/nodes/:id/containers/:container_id/processes': 'operator',
  'GET /api/nodes/:id/containers/:container_id/inspection': 'operator',
  'GET /api/nodes/:id/disk-usage': 'viewer',
  'GET /api/operations/:id': 'viewer',
  'GET /api/apps/:id/versions': 'viewer',
  'GET /api/apps/:id/changed-files': 'operator',
  'GET /api/apps/:id/versions/:number': 'viewer',
  'GET /api/apps/:id/versions/:number/files': 'viewer',
  'GET /api/folders': 'operator',
  'GET /api/folders/:name/compose': 'operator',
  'GET /api/system/stats': 'viewer',
  'GET /api/audit.jsonl': 'admin everywhere',
  'GET /api/users': 'admin everywhere',
  'GET /api/invitations': 'admin everywhere',
  'GET /api/settings': 'operator everywhere',
  'GET /api/notification-channels': 'admin everywhere',
  'GET /api/notification-channels/:id/deliveries': 'admin everywhere',
  'GET /api/backups': 'admin everywhere',
  'GET /api/doctor': 'admin everywhere',

  'query nodeTimeline': 'viewer',
  'query appTimeline': 'viewer',
  'query nodeHistory': 'viewer',
  'query appHistory': 'viewer',
  'query alarms': 'viewer',
  'query apiTokens': 'viewer as a person',
  'query ownSignIn': 'viewer as a person',
  'query sessions': 'viewer as a person',
  'query app': 'viewer',
  'query appVersion': 'viewer',
  'query appRemoval': 'operator',
  'query apps': 'viewer',
  'query composeProjects': 'operator',
  'query container': 'viewer',
  'query containerDetails': 'viewer',
  'query containerInspection': 'operator',
  'query containerProcesses': 'operator',
  'query containers': 'viewer',
  'query diskUsage': 'viewer',
  'query images': 'viewer',
  'query networks': 'viewer',
  'query volumes': 'viewer',
  'query importPreview': 'admin',
  'query node': 'viewer',
  'query nodes': 'viewer',
  'query operation': 'viewer',
  'query operations': 'viewer',
  'query server': 'viewer',
  'query systemStats': 'viewer',
  'query viewer': 'viewer',
  'query composeOnDisk': 'operator',
  'query appChangedFiles': 'operator',
  'query preparedFolders': 'operator',
  'query validateApp': 'operator',
  'query settings': 'operator everywhere',
  'query backups': 'admin everywhere',
  'query doctor': 'admin everywhere',
  'query joinTokens': 'admin everywhere',
  'query joinAttempts': 'admin everywhere',
  'query users': 'admin everywhere',
  'query recentUsage': 'viewer',
  'query recentEvents': 'viewer',
  'query invitations': 'admin everywhere',
  'query registryCredentials': 'admin everywhere',
  'query notificationChannels': 'admin everywhere',
  'query audit': 'admin everywhere',

  'mutation createApiToken': 'viewer in person',
  'mutation revokeApiToken': 'viewer in person',

  'subscription alarmsChanged': 'viewer',
  'subscription appChanged': 'viewer',
  'subscription auditChanged': 'admin everywhere',
  'subscription appLogs': 'viewer',
  'subscription containerLogs': 'viewer',
  'subscription appRemoved': 'viewer',
  'subscription joinAttempted': 'admin everywhere',
  'subscription nodeRemoved': 'viewer',
  'subscription nodeStats': 'viewer',
  'subscription nodeStatsChanged': 'viewer',
  'subscription nodeStatusChanged': 'viewer',
  'subscription operationProgress': 'viewer',
  'subscription serverChanged': 'viewer',
  'subscription notificationsChanged': 'admin everywhere',
  'subscription thingsChanged': 'viewer',
  'subscription usersChanged': 'admin everywhere',
}

/** Who can take an action, from the permission that it declares. `tests/auth/permissions.test.ts` says who has which. */
function needOf({ permission }: Action): Need {
  if (personOnly.has(permission)) return 'viewer as a person'
  return clusterWide.has(permission) ? `${leastRole[permission]} everywhere` : leastRole[permission]
}

/** Who can use an operation. Undefined for one that is neither listed nor declared. */
function needFor(operation: string): Need | undefined {
  const action = actionTakenBy(operation)
  if (operation.includes(' /api/internal/')) return 'node'
  return listed[operation] ?? (action && needOf(action))
}

/** Middleware, which gives no answer of its own. */
const operationsOf = async (node: RunningNode): Promise<string[]> => [
  ...(await routesOf(node.services)).filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path}`),
  ...graphqlFields(),
]

/** How a caller is treated. Null for an unknown caller. */
type Standing = {
  role: 'viewer' | 'operator' | 'admin'
  limited?: true
  token?: true
  /** A caller without an account: let through by the edge, or a machine token. */
  shared?: true
} | null

const order = ['viewer', 'operator', 'admin']

function expected(need: Need, standing: Standing): Reached {
  if (need === 'anyone') return 'in'
  if (need === 'node' || standing === null) return 'nobody'
  const [role = '', reach] = need.split(' ')
  if (reach === 'everywhere' && standing.limited) return 'denied'
  if ((need === 'viewer as a person' || need === 'viewer in person') && standing.token) return 'denied'
  // Without sign-in, only callers who can do everything can have tokens.
  const ownsTokens = !standing.shared || (standing.role === 'admin' && !standing.limited)
  if (need === 'viewer in person' && !ownsTokens) return 'denied'
  return order.indexOf(standing.role) >= order.indexOf(role) ? 'in' : 'denied'
}

/** These act on the caller's own things or on users. None has the requested id. */
const aboutNothing = [
  ...['mutation revokeApiToken', 'mutation revokeSession', 'mutation removeUser', 'mutation revokeJoinToken'],
  ...[
    'mutation updateUser',
    'mutation endUserSessions',
    'mutation resetSecondFactor',
    'mutation renamePasskey',
    'mutation removePasskey',
    'mutation removeSecondFactor',
    'mutation withdrawInvitation',
  ],
  ...[
    'PUT /api/users/:id',
    'DELETE /api/users/:id',
    'DELETE /api/users/:id/sessions',
    'DELETE /api/users/:id/second-factor',
    'DELETE /api/invitations/:id',
  ],
  ...['update', 'remove', 'test'].map((verb) => `mutation ${verb}NotificationChannel`),
  ...['PUT', 'DELETE'].map((method) => `${method} /api/notification-channels/:id`),
  ...['POST /api/notification-channels/:id/test', 'GET /api/notification-channels/:id/deliveries'],
]

/** Pages without secrets that a browser loads by URL, so it only sends the cookie. The second is GraphiQL. */
const pages = ['GET /api/openapi.json', 'GET /graphql']

interface ActingCaller {
  standing: Standing
  /** Can load pages and nothing else. */
  hasCookieOnly?: true
  /** New for each operation, because some end the caller's session. */
  headers: () => Promise<Record<string, string>>
}

type Callers = Record<string, ActingCaller>

/** A node that does not answer, with an app and a finished operation. */
async function nodeWith({ services }: RunningNode, env: string): Promise<Things> {
  const id = randomUUID()
  const name = `${env}-${id.slice(0, 8)}`
  await services.members.registry.register({ id, name, apiEndpoint: 'http://127.0.0.1:9', apiKey: 'key-of-a-member', labels: { env } })
  const app = someApp({ nodeId: id, name: `app-of-${name}`, containers: [someContainer({ name: `container-of-${name}` })] })
  const operation = someOperation({ nodeId: id, appId: app.id, appName: app.name })
  services.feed.inventory.apply(id, { type: 'snapshot', apps: [app], operations: [operation] })
  const container = someNodeContainer({ id: unknownId, name: `other-of-${name}` })
  services.feed.inventory.apply(id, { type: 'things', kind: 'container', list: [container] })
  services.feed.inventory.apply(id, { type: 'stats', stats: someStats({ nodeId: id }) })
  return { nodeId: id, appId: app.id, operationId: operation.id }
}

/** @param onNext called before each operation */
async function checkMatrix(
  t: ExecutionContext,
  node: RunningNode,
  callers: Callers,
  operations: string[],
  onNext: () => void = () => undefined,
): Promise<void> {
  const things = await nodeWith(node, 'lab')
  for (const operation of operations) {
    onNext()
    const need = needFor(operation)
    if (!need) return t.fail(`${operation} has no place in the table of this test`)
    const isRemoval = operation === 'mutation removeNode' || operation === 'DELETE /api/nodes/:id'
    const outcomes = await Promise.all(
      Object.values(callers).map(async ({ headers }) => {
        const about = isRemoval ? await nodeWith(node, 'lab') : things
        const { reached } = await callOperation({ url: node.url, operation, headers: await headers(), things: about })
        return aboutNothing.includes(operation) && reached === 'missing' ? 'in' : reached
      }),
    )
    const names = Object.keys(callers)
    t.deepEqual(
      Object.fromEntries(names.map((name, index) => [name, outcomes[index]])),
      Object.fromEntries(
        Object.entries(callers).map(([name, { standing, hasCookieOnly }]) => [
          name,
          hasCookieOnly && pages.includes(operation) ? 'in' : expected(need, standing),
        ]),
      ),
      operation,
    )
  }
  t.deepEqual(
    node.log.filter(({ level }) => level === 'error'),
    [],
    'no call is a bug',
  )
}

const dayMs = 24 * 3600 * 1000

/** A clock that can be set back to make something that has expired by now, and moved on, because nobody does all this in a minute. */
function shiftedClock() {
  let shiftMs = 0
  let passedMs = 0
  return {
    now: () => new Date(Date.now() + passedMs + shiftMs),
    passes: (ms: number): void => void (passedMs += ms),
    after: systemClock.after,
    async ago<T>(ms: number, make: () => Promise<T>): Promise<T> {
      shiftMs = -ms
      const made = await make()
      shiftMs = 0
      return made
    },
  }
}

/** What an action may need, by the first part of its word in the audit log. */
const needsOfWord: Record<string, readonly Permission[]> = {
  app: ['app.change', 'app.allow'],
  operation: ['app.change'],
  network: ['app.change'],
  container: ['app.change'],
  image: ['app.change'],
  volume: ['app.change'],
  engine: ['app.change'],
  node: ['node.change', 'node.hold', 'node.check'],
  cluster: ['node.change'],
  'join-token': ['node.change'],
  settings: ['settings.change'],
  backup: ['settings.change'],
  registry: ['settings.change'],
  'notification-channel': ['settings.change'],
  user: ['users.manage'],
  session: ['account.manage'],
  password: ['account.manage'],
  passkey: ['account.manage'],
  'second-factor': ['account.manage'],
  token: ['account.manage'],
}

test('an action declares a permission that fits what it changes, and a word of its own', (t) => {
  const words = [...mutationActions.values()].map(({ word }) => word)
  t.deepEqual(words.toSorted(), [...new Set(words)].toSorted())
  for (const [name, { word, permission }] of mutationActions) t.true(needsOfWord[word.split('.')[0] ?? '']?.includes(permission), name)
})

test('every route and field has its place in the table, and nothing else has', async (t) => {
  const operations = await operationsOf(await runningNode(t, peopleSettings))
  t.deepEqual(
    operations.filter((operation) => needFor(operation) === undefined),
    [],
  )
  t.deepEqual(
    Object.keys(listed).filter((operation) => !operations.includes(operation)),
    [],
  )
})

test('every operation, by role: sessions, tokens of each scope, and expired or forged credentials', async (t) => {
  const clock = shiftedClock()
  const node = await runningNode(t, peopleSettings, { clock })
  const person = (login: string) => signIn(node, login)
  const [viewer, operator, admin] = [await person('viewer'), await person('operator'), await person('admin')]
  const [labOperator, labAdmin] = [await person('lab-operator'), await person('lab-admin')]
  // Different users than those with sessions, so that neither ends the other's things.
  const [owner, browserOwner, labOwner] = [await person('owner'), await person('browser-owner'), await person('lab-owner')]
  // Like a token made before its owner lost the role.
  const formerAdmin = { ...(await person('former-admin')), role: 'admin' as const }
  const { tokens } = node.services.access

  const session = (user: { id: string }) => () => sessionOf(node, user)
  const always = async (headers: Record<string, string>) => () => Promise.resolve(headers)
  const token = async (owner: Parameters<typeof tokenOf>[1], scope: Parameters<typeof tokenOf>[2]) => {
    const { authorization } = await tokenOf(node, owner, scope)
    return () => Promise.resolve({ authorization })
  }
  const revoked = await tokenOf(node, owner, 'admin')
  await tokens.revoke([owner.id], revoked.id)
  const over = await clock.ago(2 * dayMs, () => tokenOf(node, owner, 'admin'))
  const revokedSession = await sessionOf(node, owner)
  await node.services.access.sessions?.revokeAll(owner.id)
  const idleSession = await clock.ago(8 * dayMs, () => sessionOf(node, owner))
  const expiredSession = await clock.ago(31 * dayMs, () => sessionOf(node, owner))
  const good = await tokenOf(node, owner, 'admin')

  await checkMatrix(
    t,
    node,
    {
      viewer: { standing: { role: 'viewer' }, headers: session(viewer) },
      operator: { standing: { role: 'operator' }, headers: session(operator) },
      admin: { standing: { role: 'admin' }, headers: session(admin) },
      labOperator: { standing: { role: 'operator', limited: true }, headers: session(labOperator) },
      labAdmin: { standing: { role: 'admin', limited: true }, headers: session(labAdmin) },
      viewerToken: { standing: { role: 'viewer', token: true }, headers: await token(owner, 'viewer') },
      operatorToken: { standing: { role: 'operator', token: true }, headers: await token(owner, 'operator') },
      adminToken: { standing: { role: 'admin', token: true }, headers: await token(owner, 'admin') },
      cappedToken: { standing: { role: 'viewer', token: true }, headers: await token(formerAdmin, 'admin') },
      machineToken: { standing: { role: 'operator', token: true }, headers: await token(null, 'operator') },
      limitedToken: { standing: { role: 'operator', limited: true, token: true }, headers: await token(labOwner, 'operator') },
      nobody: { standing: null, headers: await always({}) },
      expiredSession: { standing: null, headers: await always(expiredSession) },
      idleSession: { standing: null, headers: await always(idleSession) },
      revokedSession: { standing: null, headers: await always(revokedSession) },
      expiredToken: { standing: null, headers: await always({ authorization: over.authorization }) },
      revokedToken: { standing: null, headers: await always({ authorization: revoked.authorization }) },
      forgedToken: { standing: null, headers: await always({ authorization: `${good.authorization.slice(0, -4)}AAAA` }) },
      // An invalid token is refused even with a valid session, because the caller chose to send it.
      badTokenGoodSession: {
        standing: null,
        headers: async () => ({ ...(await sessionOf(node, owner)), authorization: revoked.authorization }),
      },
      // An app on another port of the same host sees only the cookie, not the dashboard's storage.
      cookieOfABrowser: {
        standing: null,
        hasCookieOnly: true,
        headers: () => boundSession(node, owner).then(({ cookie }) => ({ cookie })),
      },
      cookieWithAnotherSecret: {
        standing: null,
        hasCookieOnly: true,
        headers: async () => ({ ...(await boundSession(node, owner)), [browserSecretHeader]: 'x'.repeat(43) }),
      },
      browser: { standing: { role: 'admin' }, headers: () => boundSession(node, browserOwner) },
      basic: { standing: null, headers: await always({ authorization: `Basic ${Buffer.from('admin:admin').toString('base64')}` }) },
    },
    await operationsOf(node),
    () => clock.passes(1000),
  )
})

test('every operation behind Cloudflare Access: by role, and with wrong audience, wrong issuer, expired, unsigned', async (t) => {
  const { settings, header, past } = await accessEdge(t)
  const node = await runningNode(t, {
    ...settings,
    ...{ AUTH_ADMINS: 'ann@example.com', AUTH_OPERATORS: 'lab@example.com[env=lab]' },
  })
  const { authorization } = await tokenOf(node, null, 'operator')
  const always = async (made: Promise<Record<string, string>>) => {
    const headers = await made
    return () => Promise.resolve(headers)
  }
  const none = Buffer.from('{"alg":"none"}').toString('base64url')
  const [, claims = ''] = (await header('ann@example.com'))['cf-access-jwt-assertion'].split('.')
  await checkMatrix(
    t,
    node,
    {
      admin: { standing: { role: 'admin', shared: true }, headers: await always(header('Ann@example.com')) },
      limited: { standing: { role: 'operator', limited: true, shared: true }, headers: await always(header('lab@example.com')) },
      anybody: { standing: { role: 'viewer', shared: true }, headers: await always(header('someone@example.com')) },
      script: { standing: { role: 'operator', token: true }, headers: await always(Promise.resolve({ authorization })) },
      unsigned: { standing: null, headers: await always(Promise.resolve({})) },
      wrongAudience: { standing: null, headers: await always(header('ann@example.com', { aud: 'another-application' })) },
      wrongIssuer: { standing: null, headers: await always(header('ann@example.com', { iss: 'https://another.cloudflareaccess.com' })) },
      expired: { standing: null, headers: await always(header('ann@example.com', { exp: past })) },
      algNone: { standing: null, headers: await always(Promise.resolve({ 'cf-access-jwt-assertion': `${none}.${claims}.` })) },
      cookie: { standing: null, headers: await always(Promise.resolve({ cookie: 'selfhostly_session=abc.def' })) },
    },
    await operationsOf(node),
  )
})

/** Whether an operation needs a caller. */
const isClosed = (operation: string): boolean => needFor(operation) !== 'anyone' && needFor(operation) !== 'node'

async function checkNobody(t: ExecutionContext, node: RunningNode, headers: Record<string, string>[]): Promise<void> {
  const things = await nodeWith(node, 'lab')
  for (const operation of (await operationsOf(node)).filter(isClosed)) {
    const outcomes = await Promise.all(headers.map((each) => callOperation({ url: node.url, operation, headers: each, things })))
    t.deepEqual(
      outcomes.map(({ reached }) => reached),
      headers.map(() => 'nobody'),
      operation,
    )
  }
}

test('a user whose allowlist entry or provider is removed is unknown after the next start', async (t) => {
  const database = { DATABASE_PATH: join(dataFolder(t), 'selfhostly.db') }
  const before = await runningNode(t, { ...peopleSettings, ...database })
  const leaver = await signIn(before, 'leaver')
  const session = await sessionOf(before, leaver)
  const { authorization } = await tokenOf(before, leaver, 'admin')
  await before.stop()

  const after = await runningNode(t, { ...peopleSettings, ...database, GITHUB_ALLOWED_USERS: 'admin' })
  await checkNobody(t, after, [session, { authorization }])
  await after.stop()

  const without = await runningNode(t, database)
  await checkNobody(t, without, [{ authorization }])
})
