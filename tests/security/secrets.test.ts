import { randomBytes } from 'node:crypto'
import { readFileSync, readdirSync, renameSync, copyFileSync, existsSync, statSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { browserSecretHeader } from '../../api/http/browser-secret.ts'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { cookieBrowser } from '../helpers/cookie-browser.ts'
import { testDatabase } from '../helpers/database.ts'
import { ensureTestImage, testImage } from '../helpers/docker-image.ts'
import { ableToken, fakeCloudflare, someAccount } from '../helpers/fake-cloudflare.ts'
import { fakeGithub } from '../helpers/fake-github.ts'
import { fullDocument } from '../helpers/full-document.ts'
import { callerOf, type Call, type Json } from '../helpers/http-caller.ts'
import { nodeProcess, type NodeProcess } from '../helpers/node-process.ts'
import { testProvider } from '../helpers/oidc-provider.ts'
import { nodeHeaders } from '../helpers/running-node.ts'
import { graphqlFields, isQuiet, unknownId } from '../helpers/sample-document.ts'

const secret = (name: string): string => `${name}-${randomBytes(24).toString('hex')}`

/** Every form in which a secret could leak. */
const formsOf = (plain: string): string[] => {
  const bytes = Buffer.from(plain)
  return [plain, bytes.toString('base64').replace(/=+$/, ''), bytes.toString('base64url'), bytes.toString('hex'), encodeURIComponent(plain)]
}

const filesUnder = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile() && !path.includes('compile-cache'))

/** The names of the secrets found in a text. */
function found(secrets: Record<string, string>, haystacks: Record<string, Buffer>): string[] {
  return Object.entries(haystacks).flatMap(([where, content]) =>
    Object.entries(secrets)
      .filter(([, plain]) => formsOf(plain).some((form) => content.includes(form)))
      .map(([name]) => `${name} in ${where}`),
  )
}

const filesOf = (node: NodeProcess): Record<string, Buffer> =>
  Object.fromEntries(
    [...filesUnder(node.dataDir), ...(existsSync(node.appsDir) ? filesUnder(node.appsDir) : [])].map((path) => [path, readFileSync(path)]),
  )

/** Calls one server and keeps all its answers, including headers. */
function recordingCaller(url: string, credentials: Record<string, string>) {
  const caller = callerOf(url)
  const answers: string[] = []
  async function send(path: string, call: Call = {}): Promise<Json> {
    const answer = await caller.send(path, { ...call, headers: { ...credentials, ...call.headers } })
    answers.push(`${call.method ?? 'GET'} ${path} ${answer.status} ${answer.rawHeaders.join(' ')} ${answer.text}`)
    return answer.json
  }
  return {
    answers,
    send,
    graphql: (query: string, variables: Record<string, unknown> = {}): Promise<Json> =>
      send('/graphql', { method: 'POST', json: { query, variables } }),
    /** Everything a subscription sends until its end, or only the first value. */
    async follow(query: string, { first = false } = {}): Promise<void> {
      class WithCredentials extends WebSocket {
        constructor(address: string, protocol: string) {
          super(address, protocol, { headers: credentials })
        }
      }
      const client = createClient({ url: `${url.replace('http', 'ws')}/graphql`, webSocketImpl: WithCredentials, retryAttempts: 0 })
      const values = client.iterate({ query })
      for (let told = await values.next(); !told.done; told = await values.next()) {
        answers.push(JSON.stringify(told.value))
        if (first) await values.return?.()
      }
      await client.dispose()
    },
  }
}

type Recorder = ReturnType<typeof recordingCaller>

/** Every field of every query and subscription, and every GET of the REST surface. */
async function readEverything(caller: Recorder, ids: { node: string; app: string; operation: string }): Promise<void> {
  const idOf = (name: string): string => (/operation/i.test(name) ? ids.operation : /node/i.test(name) ? ids.node : ids.app)
  for (const field of graphqlFields()) {
    const [kind = '', name = ''] = field.split(' ')
    if (kind === 'query') await caller.graphql(fullDocument('query', name).replaceAll(unknownId, idOf(name)))
    if (kind === 'subscription' && !isQuiet(name)) {
      await caller.follow(fullDocument('subscription', name).replaceAll(unknownId, idOf(name)), { first: true })
    }
  }
  const { paths } = await caller.send('/api/openapi.json')
  for (const [path, item] of Object.entries<Json>(paths)) {
    if (!item.get || path.startsWith('/api/internal/')) continue
    await caller.send(path.replace('{id}', path.includes('nodes') ? ids.node : ids.app))
  }
  for (const path of ['/', '/graphql', '/auth/providers', '/avatar/alice', '/api/nothing']) await caller.send(path)
}

/** With a secret of the app in its container, where the Engine knows it. */
const compose = (marker: string, image: string = testImage): string =>
  `services:\n  web:\n    image: "${image}"\n    labels:\n      marker: ${marker}\n      url: "\${APP_URL}"\n    environment: [APP_SECRET, APP_URL]\n`

/** What an app's secrets must not show in: errors of Compose about an image, a port and a required variable. */
const leaking = ['127.0.0.1:1/none:${APP_SECRET}', '${APP_SECRET}:${APP_SECRET}:', '${NOT_SET:?${APP_SECRET}}']

/** The arguments of every process on this machine, for as long as `work` takes. */
async function argumentsDuring(work: () => Promise<void>): Promise<Buffer> {
  const seen = new Set<string>()
  let isDone = false
  const end = work().finally(() => (isDone = true))
  while (!isDone) {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
    for (const pid of pids) seen.add(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''))
  }
  await end
  return Buffer.from([...seen].join('\n'))
}

const updateApp = `mutation ($id: ID!, $input: UpdateAppInput!) { updateApp(id: $id, input: $input) { operation { id } } }`
const validateApp = `query ($nodeId: ID!, $input: CreateAppInput!) { validateApp(nodeId: $nodeId, input: $input) { resolved problems { message } warnings { message } } }`
const createApp = `mutation ($nodeId: ID!, $input: CreateAppInput!) { createApp(nodeId: $nodeId, input: $input) { operation { id } app { id } } }`

/** Uses a bit of everything, including failures. @returns what it created */
async function useEverything(
  admin: Recorder,
  primary: NodeProcess,
  worker: { node: NodeProcess; id: string; key: string },
  planted: Record<string, string>,
) {
  const register = `mutation ($input: RegisterNodeInput!) { registerNode(input: $input) { id status statusReason } }`
  const input = { id: worker.id, name: 'worker', apiEndpoint: worker.node.url, apiKey: worker.key }
  await admin.graphql(register, { input })
  await admin.graphql(register, { input })
  await admin.graphql(register, { input: { ...input, id: unknownId, name: 'mistyped', apiKey: planted['mistypedKey'] } })
  await admin.graphql(register, { input: { ...input, name: '', apiEndpoint: 'nowhere', apiKey: planted['mistypedKey'] } })
  await admin.send('/api/nodes', { method: 'POST', json: { api_key: planted['mistypedKey'] } })
  await admin.send(`/api/nodes/${unknownId}/check`, { method: 'POST' })
  await admin.graphql('mutation ($id: ID!) { removeNode(id: $id) }', { id: unknownId })

  const token = planted['laterCloudflareToken']
  await admin.graphql('mutation ($input: UpdateSettingsInput!) { updateSettings(input: $input) { cloudflareApiToken } }', {
    input: { cloudflareApiToken: token },
  })
  await admin.send('/api/settings', {
    method: 'PUT',
    body: `{"cloudflare_api_token": "${token}`,
    headers: { 'content-type': 'application/json' },
  })
  await worker.node.log.first(({ msg }) => /settings/.test(msg))

  const marker = randomBytes(12).toString('hex')
  const environment = [
    { name: 'APP_SECRET', value: planted['appSecret'], secret: true },
    { name: 'APP_URL', value: `postgres://user:${planted['appPassword']}@db/x`, secret: true },
  ]
  const { data } = await admin.graphql(createApp, {
    nodeId: worker.id,
    input: { name: `secrets-${worker.id.slice(0, 8)}`, composeContent: compose(marker), environment },
  })
  await admin.follow(`subscription { operationProgress(id: "${data.createApp.operation.id}") { status output message error } }`)
  await admin.graphql(createApp, { nodeId: worker.id, input: { name: 'broken', composeContent: 'services: [' } })
  for (const image of leaking) {
    const content = compose(marker, image)
    const answer = await admin.graphql(updateApp, { id: data.createApp.app.id, input: { composeContent: content } })
    const operation = answer.data?.updateApp?.operation.id
    if (operation)
      await admin.follow(`subscription { operationProgress(id: "${operation}") { status output message error warnings { message } } }`)
    await admin.graphql(validateApp, { nodeId: worker.id, input: { name: 'draft', composeContent: content, environment } })
  }
  await admin.send(`/api/apps/${data.createApp.app.id}/stop`, { method: 'POST' })
  await admin.send(`/api/apps/${data.createApp.app.id}`, { method: 'PUT', json: { compose_content: 'no' } })

  // Wrong credentials and invalid input on every surface.
  const stranger = callerOf(primary.url)
  await stranger.send('/api/nodes', { headers: { authorization: `Bearer ${planted['mistypedToken']}` } })
  await stranger.send('/api/nodes', { headers: { cookie: `selfhostly_session=${planted['mistypedToken']}` } })
  await stranger.send('/api/internal/settings', { headers: nodeHeaders({ id: worker.id, key: planted['mistypedKey'] ?? '' }) })
  await callerOf(worker.node.url).send('/api/internal/apps', { headers: nodeHeaders({ id: worker.id, key: planted['mistypedKey'] ?? '' }) })
  await callerOf(worker.node.url).send('/api/internal/apps', { method: 'POST', headers: nodeHeaders(worker), body: '{' })
  return { marker, app: data.createApp.app.id as string, operation: data.createApp.operation.id as string }
}

test('no secret is in logs, files or answers after a full run of a primary and a secondary', async (t) => {
  await ensureTestImage()
  const planted = {
    primaryKey: secret('primary-key'),
    workerKey: secret('worker-key'),
    cloudflareToken: secret('cloudflare-token'),
    laterCloudflareToken: secret('later-cloudflare-token'),
    jwtSecret: secret('jwt-secret'),
    primarySecretKey: secret('secret-key'),
    workerSecretKey: secret('secret-key'),
    mistypedKey: secret('mistyped-key'),
    mistypedToken: secret('mistyped-token'),
    appSecret: secret('app-secret'),
    appPassword: secret('app-password'),
  }
  const cloudflare = await fakeCloudflare(t, { [planted.laterCloudflareToken]: ableToken() })
  const clients: Record<string, string> = {}
  let provider: Awaited<ReturnType<typeof testProvider>> | undefined
  const primary = await nodeProcess(t, async (url) => {
    provider = await testProvider(t, url)
    const github = await fakeGithub(t, url)
    Object.assign(clients, { oidcClientSecret: provider.config.clientSecret, githubClientSecret: github.config.clientSecret })
    return {
      ...{ NODE_NAME: 'primary', LOG_LEVEL: 'debug', NODE_API_KEY: planted.primaryKey, SECRET_KEY: planted.primarySecretKey },
      ...{ AUTH_ENABLED: 'true', JWT_SECRET: planted.jwtSecret, AUTH_BASE_URL: url, STATS_INTERVAL: '1' },
      ...{ GITHUB_CLIENT_ID: github.config.clientId, GITHUB_CLIENT_SECRET: github.config.clientSecret, GITHUB_BASE_URL: github.url },
      ...{ GITHUB_ALLOWED_USERS: 'octocat', OIDC_ISSUER: provider.issuer, OIDC_CLIENT_ID: provider.config.clientId },
      ...{ OIDC_CLIENT_SECRET: provider.config.clientSecret, OIDC_ALLOWED_USERS: 'alice@example.com' },
      ...{ CLOUDFLARE_API_TOKEN: planted.cloudflareToken, CLOUDFLARE_ACCOUNT_ID: someAccount, CLOUDFLARE_API_URL: cloudflare.url },
    }
  })
  const worker = await nodeProcess(t, {
    ...{ NODE_NAME: 'worker', NODE_IS_PRIMARY: 'false', PRIMARY_NODE_URL: primary.url, LOG_LEVEL: 'debug', STATS_INTERVAL: '1' },
    ...{ NODE_API_KEY: planted.workerKey, SECRET_KEY: planted.workerSecretKey },
  })
  await Promise.all([primary.start(), worker.start()])
  const { id } = await worker.identity()

  const browser = cookieBrowser()
  if (provider) provider.person = '3'
  await browser.go(`${primary.url}/auth/oidc`)
  await browser.visit(`${primary.url}/auth/oidc/callback?code=${planted.mistypedToken}&state=${planted.mistypedToken}`)
  const alice = cookieBrowser()
  if (provider) provider.person = '1'
  await alice.go(`${primary.url}/auth/oidc`)
  const octocat = cookieBrowser()
  await octocat.go(`${primary.url}/auth/github`)
  const cookieOf = (each: typeof alice): string => each.cookies(primary.url).get('selfhostly_session')?.value ?? ''
  const session = cookieOf(alice)
  t.regex(session, /^[\w-]{43}\.[\w-]{43}$/)
  const ofAlice = { cookie: `selfhostly_session=${session}`, [browserSecretHeader]: alice.secret }
  const admin = recordingCaller(primary.url, ofAlice)

  let made = { app: '', operation: '', marker: '' }
  const processArguments = await argumentsDuring(async () => {
    made = await useEverything(admin, primary, { node: worker, id, key: planted.workerKey }, planted)
  })
  const create = await callerOf(primary.url).graphql(
    'mutation { createApiToken(input: { name: "script", scope: ADMIN, expiresInDays: 1 }) { secret token { id } } }',
    {},
    ofAlice,
  )
  const bearer = String(create.data.createApiToken.secret)
  t.regex(bearer, /^shly_/)
  const ids = { node: id, app: made.app, operation: made.operation }
  await readEverything(admin, ids)
  const script = recordingCaller(primary.url, { authorization: `Bearer ${bearer}` })
  await readEverything(script, ids)
  const onWorker = recordingCaller(worker.url, worker.headers)
  await readEverything(onWorker, ids)
  await admin.graphql('mutation ($id: ID!) { removeApp(id: $id) { operation { id } } }', { id: made.app })

  const sessions = { session, sessionValue: session.split('.')[0] ?? '', octocat: cookieOf(octocat) }
  const secrets = { ...planted, ...clients, ...sessions, bearer, bearerSecret: bearer.split('_').slice(2).join('_') }
  const look = (): string[] =>
    found(secrets, {
      ...filesOf(primary),
      ...filesOf(worker),
      'the log of the primary': Buffer.from(primary.printed.join('\n')),
      'the log of the worker': Buffer.from(worker.printed.join('\n')),
      answers: Buffer.from([...admin.answers, ...script.answers, ...onWorker.answers].join('\n')),
      'arguments of processes': processArguments,
    })
  t.deepEqual(look(), [], 'while they run')
  await Promise.all([primary.stop(), worker.stop()])
  t.deepEqual(look(), [], 'after they stopped')

  const marker = { marker: made.marker }
  t.not(found(marker, { ...filesOf(primary) }).length, 0, 'what is no secret is found in files')
  t.not(found(marker, { answers: Buffer.from(admin.answers.join('\n')) }).length, 0, 'and in answers')
  t.regex(primary.printed.join('\n'), /"level":"debug"/)
})

const sealedIn = async (t: ExecutionContext, node: NodeProcess): Promise<Record<string, string>> => {
  const database = await testDatabase(t, node.databasePath)
  const connection = database.em.getConnection()
  const nodes = await connection.execute<{ id: string; api_key: string }[]>(`select id, api_key from nodes where api_key <> ''`)
  const settings = await connection.execute<{ name: string; value: string }[]>('select * from settings')
  await database.close(true)
  const values = [...nodes.map(({ api_key: key }) => key), ...settings.map(({ value }) => value)].filter((value) => value.startsWith('v1.'))
  return Object.fromEntries(values.map((value, index) => [`sealed ${index}`, value]))
}

/** The settings can be decrypted, and a node with the shared key can still call. */
async function assertWorks(t: ExecutionContext, node: NodeProcess, member: { id: string; key: string }, token: string): Promise<void> {
  const caller = callerOf(node.url, node.headers)
  const { data } = await caller.graphql('{ settings { cloudflareApiToken } nodes { totalCount } }')
  t.is(data.nodes.totalCount, 2)
  t.true(String(data.settings.cloudflareApiToken).endsWith(token.slice(-4)))
  const heartbeat = await caller.send(`/api/internal/nodes/${member.id}/heartbeat`, { method: 'POST', headers: nodeHeaders(member) })
  t.is(heartbeat.status, 200, heartbeat.text)
  const settings = await caller.send('/api/internal/settings', { headers: nodeHeaders(member) })
  t.is(settings.json.cloudflare_api_token, token)
}

test('a rotation leaves nothing encrypted with the previous key and loses nothing, wherever it is interrupted', async (t) => {
  const token = secret('cloudflare-token')
  const cloudflare = await fakeCloudflare(t, { [token]: ableToken() })
  const node = await nodeProcess(t, { NODE_NAME: 'primary', CLOUDFLARE_API_URL: cloudflare.url })
  const member = { id: unknownId, key: secret('member-key') }
  const [key, former] = [join(node.dataDir, 'secret.key'), join(node.dataDir, 'secret.key.previous')]
  await node.start()
  const { graphql } = callerOf(node.url, node.headers)
  const input = { id: member.id, name: 'member', apiEndpoint: 'http://127.0.0.1:9', apiKey: member.key }
  t.falsy((await graphql('mutation ($input: RegisterNodeInput!) { registerNode(input: $input) { id } }', { input })).errors)
  await graphql('mutation ($input: UpdateSettingsInput!) { updateSettings(input: $input) { cloudflareApiToken } }', {
    input: { cloudflareApiToken: token },
  })
  await node.stop()
  const sealed = await sealedIn(t, node)
  t.is(Object.keys(sealed).length, 2)
  t.is(found(sealed, filesOf(node)).length, 2, 'they are found where they are')

  await node.rotateSecrets()
  await t.throwsAsync(node.rotateSecrets(), undefined, 'one at a time')
  await node.start()
  t.false(existsSync(former))
  t.deepEqual(found(sealed, filesOf(node)), [], 'the first start forgets what the former key sealed, while it runs as well')
  await assertWorks(t, node, member, token)
  await node.stop()

  // Interrupted between the two halves, during the second, and before the previous key was removed.
  await node.rotateSecrets()
  copyFileSync(former, `${former}.copy`)
  const starting = node.start()
  await node.logged('node identity', { from: node.log.values.length })
  await node.kill()
  await t.throwsAsync(starting, undefined, 'it was killed before it was ready')
  await node.start()
  await assertWorks(t, node, member, token)
  await node.kill()
  renameSync(`${former}.copy`, former)
  await node.start()
  await assertWorks(t, node, member, token)
  await node.stop()

  // Interrupted before the new key was created.
  const latest = await sealedIn(t, node)
  renameSync(key, former)
  await node.start()
  await assertWorks(t, node, member, token)
  t.deepEqual(found(latest, filesOf(node)), [])
})
