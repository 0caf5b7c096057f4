import { randomUUID } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { testDatabase } from '../helpers/database.ts'
import { peopleSettings, sessionOf, signIn, tokenOf } from '../helpers/people.ts'
import { nodeHeaders, runningNode, runningSecondary, type RunningNode } from '../helpers/running-node.ts'
import { nextMessage, openGraphqlSocket, subscribeMessage } from '../helpers/websocket.ts'
import { mutationActions, mutationNames } from '../helpers/declared-actions.ts'
import { unknownId } from '../helpers/sample-document.ts'
import { fullDocument } from '../helpers/full-document.ts'
import { someApp, someOperation } from '../helpers/things.ts'

const linesOf = async ({ services }: RunningNode) => (await services.access.audit.list({}, { limit: 500 })).reverse()

/** Everyone can manage their own sessions and tokens. */
const forEverybody = [
  ...['createApiToken', 'revokeApiToken', 'revokeSession', 'signOutEverywhere'],
  ...['beginPasskey', 'addPasskey', 'renamePasskey', 'removePasskey'],
  ...['beginSecondFactor', 'confirmSecondFactor', 'removeSecondFactor'],
]

async function member({ services }: RunningNode) {
  const nodeId = randomUUID()
  await services.members.registry.register({
    id: nodeId,
    name: `member-${nodeId.slice(0, 8)}`,
    apiEndpoint: 'http://127.0.0.1:9',
    apiKey: 'key-of-a-member',
  })
  const app = someApp({ nodeId })
  const operation = someOperation({ nodeId, appId: app.id })
  services.feed.inventory.apply(nodeId, { type: 'snapshot', apps: [app], operations: [operation] })
  return { nodeId, appId: app.id, operationId: operation.id }
}

test('every mutation and every refusal is logged with actor, address, action and outcome', async (t) => {
  const node = await runningNode(t, { ...peopleSettings, TRUSTED_PROXIES: '127.0.0.1' })
  const [admin, viewer] = [await signIn(node, 'admin'), await signIn(node, 'viewer')]
  t.deepEqual([...mutationActions.keys()], mutationNames(), 'every mutation declares its action')
  for (const [index, [name, { word, on }]] of [...mutationActions].entries()) {
    // Only so many refusals from one place get their own line.
    const address = `198.51.100.${index}`
    const things = await member(node)
    const targets = { node: things.nodeId, 'new node': randomUUID(), app: things.appId, operation: things.operationId }
    const query = fullDocument('mutation', name).replaceAll(unknownId, on ? targets[on] : randomUUID())
    const before = (await linesOf(node)).length
    await node.graphql(query, {}, { ...(await sessionOf(node, admin)), 'x-forwarded-for': '203.0.113.7' })
    const lines = (await linesOf(node)).slice(before)
    t.is(lines.length, 2, `${name}: ${JSON.stringify(lines)}`)
    const [started, ended] = lines
    const who = { actor: 'admin', via: 'session', address: '203.0.113.7', action: word }
    t.like(started, { ...who, outcome: 'started' }, name)
    t.like(ended, { ...who, startedId: started?.id }, name)
    t.true(ended?.outcome === 'succeeded' || (ended?.outcome === 'failed' && Boolean(ended.detail)), name)
    if (on && on !== 'new node') t.is(started?.nodeId, things.nodeId, name)
    if (on === 'app' || on === 'operation') t.is(started?.appId, things.appId, name)

    if (forEverybody.includes(name)) continue
    await node.graphql(query, {}, { ...(await sessionOf(node, viewer)), 'x-forwarded-for': address })
    const [denied, ...more] = (await linesOf(node)).slice(before + 2)
    t.like(denied, { actor: 'viewer', address, outcome: 'denied', action: word }, name)
    if (on === 'node') t.is(denied?.nodeId, things.nodeId, name)
    if (on === 'app') t.is(denied?.appId, things.appId, name)
    t.deepEqual(more, [], name)
  }
})

test('REST writes the same lines, including refusals', async (t) => {
  const node = await runningNode(t, peopleSettings)
  const things = await member(node)
  const { authorization } = await tokenOf(node, await signIn(node, 'viewer'), 'viewer')
  const operator = await sessionOf(node, await signIn(node, 'operator'))
  t.is((await node.send(`/api/apps/${things.appId}`, { method: 'DELETE', headers: { authorization } })).status, 403)
  t.is(
    (await node.send(`/api/apps/${randomUUID()}`, { method: 'DELETE', headers: { authorization } })).status,
    403,
    'whether it exists or not',
  )
  t.is((await node.send(`/api/apps/${things.appId}/stop`, { method: 'POST', headers: operator })).status, 503)
  const [denied, deniedToo, started, failed] = await linesOf(node)
  t.like(denied, { actor: 'viewer', via: 'token', address: '127.0.0.1', action: 'app.remove', appId: things.appId, outcome: 'denied' })
  t.regex(denied?.tokenName ?? '', /^token \d+$/)
  t.like(deniedToo, { action: 'app.remove', outcome: 'denied' })
  t.like(started, {
    actor: 'operator',
    via: 'session',
    tokenName: null,
    action: 'app.stop',
    appId: things.appId,
    nodeId: things.nodeId,
    outcome: 'started',
  })
  t.like(failed, { action: 'app.stop', outcome: 'failed', startedId: started?.id })
  t.regex(failed?.detail ?? '', /^NODE_UNREACHABLE: /)
})

test('a token cannot make another token, and the refusal is logged', async (t) => {
  const node = await runningNode(t, peopleSettings)
  const { authorization } = await tokenOf(node, await signIn(node, 'admin'), 'admin')
  const answer = await node.graphql(
    'mutation { createApiToken(input: { name: "more", scope: ADMIN, expiresInDays: 366 }) { secret } }',
    {},
    { authorization },
  )
  t.is(answer.errors[0].extensions.code, 'FORBIDDEN')
  t.like((await linesOf(node)).at(-1), { actor: 'admin', via: 'token', action: 'token.create', subject: 'more', outcome: 'denied' })
})

/** Uses another program that has the file open. */
async function execute(t: ExecutionContext, { services }: RunningNode, sql: string): Promise<void> {
  const database = await testDatabase(t, services.config.databasePath)
  await database.em.getConnection().execute(sql)
}

const refusesInserts = `create trigger "audit_is_full" before insert on "audit_entries" begin select raise(abort, 'the disk is full'); end`

test('an action that cannot be logged does not run, and the caller only learns that it failed', async (t) => {
  const node = await runningNode(t, peopleSettings)
  const things = await member(node)
  const admin = await sessionOf(node, await signIn(node, 'admin'))
  await execute(t, node, refusesInserts)
  const before = { nodes: node.services.members.registry.list().length, settings: node.services.settings.read() }
  for (const [query, variables] of [
    ['mutation ($id: ID!) { removeNode(id: $id) }', { id: things.nodeId }],
    ['mutation ($id: ID!) { updateNode(id: $id, input: { name: "renamed" }) { id } }', { id: things.nodeId }],
    ['mutation { updateSettings(input: { cloudflareAccountId: "changed" }) { cloudflareAccountId } }', {}],
    ['mutation { createApiToken(input: { name: "one", scope: VIEWER, expiresInDays: 1 }) { secret } }', {}],
    ['mutation { signOutEverywhere }', {}],
  ] as const) {
    const answer = await node.graphql(query, variables, admin)
    t.is(answer.errors[0].extensions.code, 'INTERNAL', query)
    t.notRegex(JSON.stringify(answer), /disk is full|audit_entries|SQLITE/i, query)
  }
  const rest = await node.send('/api/settings', { method: 'PUT', json: { cloudflare_account_id: 'changed' }, headers: admin })
  t.is(rest.status, 500)
  t.notRegex(rest.text, /disk is full|audit_entries|SQLITE/i)
  const users = await node.graphql('{ apiTokens { id } sessions { id } nodes { nodes { name } } }', {}, admin)
  t.is(users.data.apiTokens.length, 0)
  t.is(users.data.sessions.length, 1, 'reading goes on, and the session is still there')
  t.deepEqual({ nodes: node.services.members.registry.list().length, settings: node.services.settings.read() }, before)
  t.false(node.services.members.registry.list().some(({ name }) => name === 'renamed'))
  t.true(
    node.log.some(({ level }) => level === 'error'),
    'the operator is told',
  )
})

test("a node logs its primary's actions and their actor, and does nothing that it cannot log", async (t) => {
  const node = await runningSecondary(t)
  const primary = { id: randomUUID(), key: node.key }
  const headers = { ...nodeHeaders(primary), 'x-on-behalf-of': encodeURIComponent('olga ö') }
  const call = (method: string, path: string, json?: unknown) =>
    node.send(`/api/internal${path}`, { method, headers, ...(json === undefined ? {} : { json }) })
  const app = randomUUID()
  await call('POST', '/apps', { name: '', compose_content: '' })
  for (const [method, path] of [
    ['PUT', `/apps/${app}`],
    ['POST', `/apps/${app}/start`],
    ['POST', `/apps/${app}/stop`],
    ['POST', `/apps/${app}/update`],
    ['DELETE', `/apps/${app}`],
    ['POST', `/operations/${app}/cancel`],
  ] as const) {
    await call(method, path, method === 'PUT' ? {} : undefined)
  }
  const lines = await linesOf(node)
  t.deepEqual(
    lines.map(({ action, outcome }) => `${action} ${outcome}`),
    ['app.create', 'app.update', 'app.start', 'app.stop', 'app.update', 'app.remove', 'operation.cancel'].flatMap((action) => [
      `${action} started`,
      `${action} failed`,
    ]),
  )
  for (const line of lines) {
    t.like(line, { actor: `olga ö (reported by ${primary.id})`, via: 'node', address: '127.0.0.1', nodeId: node.id })
  }
  await execute(t, node, refusesInserts)
  const refused = await call('POST', '/apps', { name: 'unseen', compose_content: 'services: { web: { image: none } }' })
  t.is(refused.status, 500)
  t.deepEqual(node.services.apps.list(), [])
})

const change = async (t: ExecutionContext, node: RunningNode, sql: string) =>
  t.throwsAsync(execute(t, node, sql), { message: /append-only/ }, sql)

test('lines cannot be removed from a running database', async (t) => {
  const node = await runningNode(t)
  await node.graphql(`mutation { checkNode(id: "${node.id}") { ok } }`)
  const before = await linesOf(node)
  await change(t, node, `update audit_entries set actor = 'somebody else'`)
  await change(t, node, 'delete from audit_entries')
  await change(t, node, `insert or replace into audit_entries select * from audit_entries`)
  t.deepEqual(await linesOf(node), before)
  t.is(before.length, 2)
})

test('a viewer with many refusals and long texts cannot fill the disk', async (t) => {
  const node = await runningNode(t, peopleSettings)
  const viewer = await sessionOf(node, await signIn(node, 'viewer'))
  const long = 'x'.repeat(100_000)
  for (let count = 0; count < 60; count += 1) {
    const { errors } = await node.graphql('mutation ($id: ID!) { startApp(id: $id) { operation { id } } }', { id: long }, viewer)
    t.is(errors[0].extensions.code, 'FORBIDDEN')
  }
  const lines = await linesOf(node)
  t.is(lines.length, 20)
  t.true(JSON.stringify(lines).length < 20_000)
  t.true(lines.every(({ appId }) => appId?.endsWith('…')))
})

test('a token cannot see, end or make sessions and tokens', async (t) => {
  const node = await runningNode(t, peopleSettings)
  const admin = await signIn(node, 'admin')
  const session = await sessionOf(node, admin)
  for (const scope of ['viewer', 'admin'] as const) {
    const { authorization, id } = await tokenOf(node, admin, scope)
    const { data } = await node.graphql('{ sessions { id } }', {}, session)
    for (const field of [
      `mutation { revokeApiToken(id: "${id}") }`,
      `mutation { revokeSession(id: "${data.sessions[0].id}") }`,
      'mutation { signOutEverywhere }',
      'mutation { createApiToken(input: { name: "more", scope: VIEWER, expiresInDays: 1 }) { secret } }',
      '{ apiTokens { id } }',
      '{ sessions { id } }',
    ]) {
      const answer = await node.graphql(field, {}, { authorization })
      t.is(answer.errors?.[0].extensions.code, 'FORBIDDEN', field)
      t.regex(answer.errors[0].message, /API tokens cannot/)
    }
    const { permissions } = (await node.graphql('{ viewer { permissions } }', {}, { authorization })).data.viewer
    t.false(permissions.includes('account.manage'))
  }
  t.is((await node.send('/api/nodes', { headers: session })).status, 200)
})

test('each new line of the audit log is told to those who can read it, and to nobody else', async (t) => {
  const node = await runningNode(t, peopleSettings)
  const [admin, viewer] = [await sessionOf(node, await signIn(node, 'admin')), await sessionOf(node, await signIn(node, 'viewer'))]
  const subscribe = async (headers: Record<string, string>) => {
    const socket = await openGraphqlSocket(node, headers)
    t.teardown(() => socket.terminate())
    socket.send(subscribeMessage('1', 'subscription { auditChanged }'))
    return socket
  }
  t.is((await nextMessage(await subscribe(viewer))).payload.errors[0].extensions.code, 'FORBIDDEN')
  const socket = await subscribe(admin)
  // The subscription is there when the server answers what came after it.
  socket.send('{"type":"ping"}')
  t.is((await nextMessage(socket)).type, 'pong')
  const told = nextMessage(socket)
  await node.send('/api/settings', { method: 'PUT', json: { no_such: 1 } })
  await node.graphql('mutation { removeUser(id: "nobody") }', {}, admin)
  const { payload } = await told
  const entries = await node.services.access.audit.list({ action: 'user.remove' }, { limit: 5 })
  t.true(entries.some(({ id }) => String(id) === payload.data.auditChanged))
})
