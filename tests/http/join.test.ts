import { randomUUID } from 'node:crypto'
import { join as inFolder } from 'node:path'
import test from 'ava'
import { NodeEntity } from '../../api/cluster/members/node.entity.ts'
import { dataFolder } from '../helpers/data-folder.ts'
import { testDatabase } from '../helpers/database.ts'
import type { Json } from '../helpers/http-caller.ts'
import { attemptsOf, makeToken, tokensOf } from '../helpers/join.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { peer } from '../helpers/peer.ts'
import { assertProblem, fieldsOf } from '../helpers/problem.ts'
import { nodeHeaders, runningNode, runningSecondary, type RunningNode } from '../helpers/running-node.ts'

/** The request of a new node. Nothing listens at its endpoint. */
const newNode = (token: string | undefined, given: Record<string, unknown> = {}) => ({
  token,
  id: String(randomUUID()),
  name: 'box',
  api_endpoint: 'http://127.0.0.1:9',
  api_key: 'key-of-a-new-node',
  time: new Date().toISOString(),
  ...given,
})

const join = (primary: RunningNode, json: unknown, headers: Record<string, string> = {}) =>
  primary.send('/api/join', { method: 'POST', json, headers })

const nodesOf = async (primary: RunningNode): Promise<Json[]> => (await primary.send('/api/nodes')).json

test('a new node is registered as its token says, and can call at once', async (t) => {
  const primary = await runningNode(t, { NODE_NAME: 'main' })
  const { secret } = await makeToken(primary, { namePattern: '{hostname}-{n}', labels: [{ key: 'env', value: 'lab' }], maxUses: 2 })
  const about = {
    ...{ version: '0.1.0', capabilities: ['link'], connection: 'auto', instance_id: randomUUID() },
    ...{ started_at: new Date().toISOString(), hostname: 'box' },
  }
  const node = newNode(secret, { about })
  const answer = await join(primary, node)
  t.is(answer.status, 201, answer.text)
  t.deepEqual(answer.json, {
    node: { id: node.id, name: 'box-1' },
    primary: { id: primary.id, name: 'main', version: primary.services.version },
    notes: [],
  })
  const headers = nodeHeaders({ id: node.id, key: node.api_key })
  t.is((await primary.send(`/api/internal/nodes/${node.id}/heartbeat`, { method: 'POST', headers })).status, 200)
  t.like(await primary.graphql('query ($id: ID!) { node(id: $id) { name status version labels { key value } } }', { id: node.id }), {
    data: { node: { name: 'box-1', status: 'ONLINE', version: '0.1.0', labels: [{ key: 'env', value: 'lab' }] } },
  })

  // The token can also be sent as a bearer token.
  const { token: _, ...second } = newNode(undefined)
  t.like((await join(primary, second, { authorization: `Bearer ${secret}` })).json.node, { name: 'box-2' })
  t.like(await tokensOf(primary), [{ uses: 2, state: 'USED_UP', lastAttempt: { ok: true, message: 'Joined as box-2.' } }])

  const audited = await primary.services.access.audit.list({ action: 'node.join' }, { limit: 10 })
  t.like(audited.toReversed(), [
    { actor: 'lab', via: 'join-token', nodeId: node.id, outcome: 'started' },
    { actor: 'lab', nodeId: node.id, subject: 'box-1', outcome: 'succeeded' },
    { outcome: 'started' },
    { outcome: 'succeeded' },
  ])
})

test('the answer does not wait for a node that accepts the connection and sends nothing', async (t) => {
  const primary = await runningNode(t)
  const hung = await peer(t, () => undefined)
  const { secret } = await makeToken(primary)
  const joined = await join(primary, newNode(secret, { api_endpoint: hung.url }))
  t.is(joined.status, 201)
  t.is(primary.services.members.registry.get(joined.json.node.id).health.consecutiveFailures, 0, 'its check has not come to an end yet')
})

test('a token with one use registers exactly one node, however many join at once', async (t) => {
  const primary = await runningNode(t)
  const { secret } = await makeToken(primary)
  const answers = await Promise.all(Array.from({ length: 12 }, () => join(primary, newNode(secret))))
  t.deepEqual(answers.map(({ status }) => status).toSorted(), [201, ...Array<number>(11).fill(401)])
  t.is((await nodesOf(primary)).length, 2)
  t.like(await tokensOf(primary), [{ uses: 1, state: 'USED_UP' }])
})

test('simultaneous joins with one id register one node and take one use', async (t) => {
  const primary = await runningNode(t)
  const { secret } = await makeToken(primary, { maxUses: 10 })
  const node = newNode(secret)
  const answers = await Promise.all(
    Array.from({ length: 6 }, (_, index) =>
      join(primary, { ...node, id: index % 2 ? node.id : node.id.toUpperCase(), api_key: `key-number-${index}` }),
    ),
  )
  t.deepEqual(answers.map(({ status }) => status).toSorted(), [201, 409, 409, 409, 409, 409])
  t.like(await tokensOf(primary), [{ uses: 1, state: 'OPEN' }])
  const winner = answers.findIndex(({ status }) => status === 201)
  t.is(primary.services.members.registry.keyOf(node.id), `key-number-${winner}`)
})

test('taken names get the next number, even if nodes join at the same time', async (t) => {
  const primary = await runningNode(t)
  const { secret } = await makeToken(primary, { maxUses: 10 })
  const answers = await Promise.all(Array.from({ length: 4 }, () => join(primary, newNode(secret))))
  t.deepEqual(answers.map(({ json }) => json.node.name).toSorted(), ['box', 'box-2', 'box-3', 'box-4'])
})

test('joining never changes a known node or the primary itself', async (t) => {
  const path = inFolder(dataFolder(t), 'selfhostly.db')
  const primary = await runningNode(t, { DATABASE_PATH: path })
  const database = await testDatabase(t, path)
  const known = { id: randomUUID(), name: 'worker', apiEndpoint: 'http://127.0.0.1:9', apiKey: 'key-of-the-worker' }
  await primary.services.members.registry.register(known)
  const { secret } = await makeToken(primary, { labels: [{ key: 'env', value: 'stolen' }] })
  const rows = async () => JSON.stringify(await database.em.fork().find(NodeEntity, { id: [known.id, primary.id] }))
  await primary.services.members.registry.flush()
  const before = await rows()
  for (const id of [known.id, known.id.toUpperCase(), ` ${known.id} `, primary.id]) {
    const answer = await join(primary, newNode(secret, { id, api_endpoint: 'http://192.0.2.66:8080', api_key: 'key-of-an-intruder' }))
    assertProblem(t, answer, 409, { code: 'CONFLICT' })
    t.regex(answer.json.detail, /already registered. Nothing was changed/)
  }
  t.is(await rows(), before)
  t.is(primary.services.members.registry.keyOf(known.id), 'key-of-the-worker')
  t.like(await tokensOf(primary), [{ uses: 0, state: 'OPEN', lastAttempt: { ok: false, hop: 'NAME' } }])
  t.is((await primary.services.access.audit.list({ action: 'node.join' }, { limit: 10 })).length, 0)
})

test('different clocks: the error says by how much, which is ahead and what to do', async (t) => {
  const primary = await runningNode(t)
  const { secret } = await makeToken(primary)
  const at = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString()
  const said = async (time: string | undefined) => {
    const answer = await join(primary, newNode(secret, { time }))
    assertProblem(t, answer, 400, { code: 'INVALID_INPUT' })
    t.deepEqual(fieldsOf(answer), ['time'])
    return String(answer.json.detail)
  }
  t.regex(
    await said(at(12)),
    /this node's clock is 12 minutes ahead of its primary's \(.* UTC on the node, .* UTC on the primary\).*timedatectl/,
  )
  t.regex(await said(at(-6)), /6 minutes behind its primary's/)
  t.regex(await said(at(-60 * 24 * 400)), /400 days behind its primary's/)
  t.regex(await said(undefined), /time: is required/)
  t.like(await tokensOf(primary), [{ uses: 0 }])
  t.deepEqual([...new Set((await attemptsOf(primary)).map(({ hop }) => hop))], ['CLOCK'])
  t.is((await join(primary, newNode(secret, { time: at(4.9) }))).status, 201, 'less than 5 minutes do not matter')
})

test('an invalid node is refused by field and takes no use', async (t) => {
  const primary = await runningNode(t)
  const { secret } = await makeToken(primary)
  const answer = await join(primary, newNode(secret, { id: 'worker', api_endpoint: 'worker:8080', api_key: 'short' }))
  assertProblem(t, answer, 400, { code: 'INVALID_INPUT' })
  t.deepEqual(fieldsOf(answer), ['id', 'api_endpoint', 'api_key'])
  assertProblem(t, await join(primary, newNode(secret, { name: ' ' })), 400, { code: 'INVALID_INPUT' })
  assertProblem(t, await join(primary, newNode(secret, { name: 'x'.repeat(20_000) })), 413)
  t.like(await tokensOf(primary), [{ uses: 0, state: 'OPEN' }])
})

test('an endpoint that cannot be a node, such as a cloud metadata service, is refused and takes no use', async (t) => {
  const primary = await runningNode(t)
  const { secret } = await makeToken(primary)
  for (const host of [
    '169.254.169.254',
    '[fe80::1]',
    '[::ffff:169.254.169.254]',
    '0.0.0.0',
    '255.255.255.255',
    '[::]',
    'metadata.google.internal',
  ]) {
    const answer = await join(primary, newNode(secret, { api_endpoint: `http://${host}:80` }))
    assertProblem(t, answer, 400, { code: 'INVALID_INPUT' })
    t.deepEqual(fieldsOf(answer), ['api_endpoint'], host)
  }
  t.like(await tokensOf(primary), [{ uses: 0, state: 'OPEN' }])
  t.is((await join(primary, newNode(secret, { api_endpoint: 'http://192.168.1.20:8080' }))).status, 201)
})

test('refuses expired, used up, revoked and wrong tokens', async (t) => {
  const clock = createManualClock(new Date())
  const primary = await runningNode(t, {}, { clock })
  const now = () => ({ time: clock.now().toISOString() })
  const short = await makeToken(primary, { name: 'short', expiresInHours: 1 })
  const used = await makeToken(primary, { name: 'used', expiresInHours: 2 })
  const gone = await makeToken(primary, { name: 'gone' })
  t.is((await join(primary, newNode(used.secret, now()))).status, 201)
  await primary.graphql('mutation ($id: ID!) { revokeJoinToken(id: $id) }', { id: gone.token.id })
  clock.advance(3600 * 1000)
  const refused = async (secret: string, words: RegExp) => {
    const answer = await join(primary, newNode(secret, now()))
    assertProblem(t, answer, 401, { code: 'UNAUTHENTICATED' })
    t.regex(answer.json.detail, words)
  }
  await refused(short.secret, /has expired/)
  await refused(used.secret, /is used up/)
  await refused(gone.secret, /unknown or was revoked/)
  await refused(`${used.secret.slice(0, -4)}AAAA`, /unknown or was revoked/)
  assertProblem(t, await join(primary, newNode(undefined)), 401)
  const attempts = await attemptsOf(primary)
  t.deepEqual(
    attempts
      .filter(({ ok }) => !ok)
      .map(({ tokenName, hop, hostname }) => [tokenName, hop, hostname])
      .toSorted(),
    [
      ['short', 'TOKEN', 'box'],
      ['used', 'TOKEN', 'box'],
      [null, 'TOKEN', 'box'],
      [null, 'TOKEN', 'box'],
    ].toSorted(),
  )
})

test('wrong tokens are limited per address, and valid ones still pass', async (t) => {
  const primary = await runningNode(t, { AUTH_ENABLED: 'false', TRUSTED_PROXIES: '127.0.0.1' })
  const { secret } = await makeToken(primary)
  const from = (address: string) => ({ 'x-forwarded-for': address })
  const wrong = `${secret.slice(0, -4)}AAAA`
  const guess = (address: string) => join(primary, newNode(wrong), from(address))
  const statuses: number[] = []
  for (let count = 0; count < 21; count += 1) statuses.push((await guess('203.0.113.1')).status)
  t.deepEqual(statuses, [...Array<number>(20).fill(401), 429])
  const limited = await guess('203.0.113.1')
  assertProblem(t, limited, 429, { code: 'RATE_LIMITED' })
  t.regex(String(limited.headers['retry-after']), /^\d+$/)
  t.is((await guess('203.0.113.2')).status, 401)
  t.is((await join(primary, newNode(secret), from('203.0.113.1'))).status, 201)
  const attempts = await attemptsOf(primary)
  t.is(attempts.length, 21, 'the last 20 of strangers, and the good one')
  t.like(attempts[0], { ok: true, address: '203.0.113.1' })
})

test('a node with a loopback endpoint is registered with a note', async (t) => {
  const primary = await runningNode(t, { AUTH_ENABLED: 'false', TRUSTED_PROXIES: '127.0.0.1' })
  const { secret } = await makeToken(primary, { maxUses: 5 })
  const notesFor = async (api_endpoint: string, headers: Record<string, string> = {}): Promise<string[]> =>
    (await join(primary, newNode(secret, { api_endpoint }), headers)).json.notes
  const away = { 'x-forwarded-for': '203.0.113.7' }
  for (const endpoint of ['http://localhost:8080', 'http://[::1]:8080']) {
    t.regex(
      (await notesFor(endpoint, away))[0] ?? '',
      /works only on the node itself, so other nodes can reach it only over its link.*NODE_API_ENDPOINT/,
    )
  }
  t.deepEqual(await notesFor('http://192.0.2.9:8080', away), [])
  t.deepEqual(await notesFor('http://localhost:8080'), [], 'a node on this machine is reached there')
  t.regex((await attemptsOf(primary)).map(({ message }) => message).join(), /Joined as box\. Its endpoint/)
})

test('earlier failures are listed among the attempts once the node gets through', async (t) => {
  const primary = await runningNode(t)
  const { secret } = await makeToken(primary)
  const at = new Date(Date.now() - 60_000).toISOString()
  const earlier = ['dns', 'tcp', 'tls', 'http'].map((hop) => ({ at, hop, message: `it was ${hop}` }))
  t.is((await join(primary, newNode(`${secret.slice(0, -4)}AAAA`, { earlier }))).status, 401)
  t.is((await attemptsOf(primary)).length, 1, 'a stranger tells nothing')
  t.is((await join(primary, newNode(secret, { earlier }))).status, 201)
  const told = (await attemptsOf(primary)).filter(({ at: when }) => when === at)
  t.deepEqual(told.map(({ hop }) => hop).toSorted(), ['DNS', 'HTTP', 'TCP', 'TLS'])
  t.like(
    told.find(({ hop }) => hop === 'DNS'),
    { ok: false, tokenName: 'lab', hostname: 'box', message: 'it was dns' },
  )
})

test('a join whose last audit line cannot be written still succeeds, with a note to the node and in the log', async (t) => {
  const primary = await runningNode(t)
  const { secret } = await makeToken(primary, { maxUses: 3 })
  const database = await testDatabase(t, primary.databasePath)
  const execute = (sql: string) => database.em.getConnection().execute(sql)
  const refuse = (outcome: string) =>
    execute(
      `create trigger full before insert on audit_entries when new.outcome = '${outcome}' begin select raise(abort, 'disk is full'); end`,
    )
  const lines = async () => (await primary.services.access.audit.list({ action: 'node.join' }, { limit: 10 })).map(({ outcome }) => outcome)
  const about = {
    ...{ version: '0.1.0', capabilities: [], connection: 'auto', instance_id: randomUUID() },
    ...{ started_at: new Date().toISOString(), hostname: 'box' },
  }

  await refuse('succeeded')
  const node = newNode(secret, { about })
  const answer = await join(primary, node)
  t.is(answer.status, 201, answer.text)
  t.like(primary.services.members.registry.get(node.id), { name: 'box', about: { version: '0.1.0' } })
  const headers = nodeHeaders({ id: node.id, key: node.api_key })
  t.is((await primary.send(`/api/internal/nodes/${node.id}/heartbeat`, { method: 'POST', headers })).status, 200)
  t.like(await tokensOf(primary), [{ uses: 1, lastAttempt: { ok: true, nodeId: node.id } }])
  t.deepEqual(await lines(), ['started'])
  t.like(
    primary.log.find(({ msg }) => msg === 'could not write the outcome of a join to the audit log'),
    { level: 'error', node: 'box' },
  )

  // If the first line cannot be written, nothing happens and the token keeps its use.
  await execute('drop trigger full')
  await refuse('started')
  const other = newNode(secret, { name: 'other' })
  t.is((await join(primary, other)).status, 500)
  t.is((await nodesOf(primary)).length, 2)
  t.like(await tokensOf(primary), [{ uses: 1 }])
  await execute('drop trigger full')
  t.is((await join(primary, other)).status, 201)
  t.deepEqual(await lines(), ['succeeded', 'started', 'started'])
})

test('a secondary refers nodes to its primary and makes no tokens', async (t) => {
  const secondary = await runningSecondary(t, undefined, { NODE_NAME: 'worker' })
  const answer = await join(secondary, newNode('shlyjoin_x'))
  assertProblem(t, answer, 403, { code: 'FORBIDDEN' })
  t.regex(answer.json.detail, /worker is a secondary\./)
  await t.throwsAsync(makeToken(secondary), { message: /Create join tokens on its primary/ })
})
