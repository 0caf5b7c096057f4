import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { appFields, eventually, followApps, followNodes, followToEnd, register, secondaryOf } from '../helpers/cluster.ts'
import { ensureTestImage, removeProject, uniqueName } from '../helpers/docker.ts'
import { ask } from '../helpers/graphql.ts'
import { nodeProcess } from '../helpers/node-process.ts'
import { containersOf, web } from '../helpers/own-apps.ts'

const createApp = `mutation ($nodeId: ID!, $input: CreateAppInput!) { createApp(nodeId: $nodeId, input: $input) { app { id } operation { id } } }`
const recreateApp = `mutation ($id: ID!, $nodeId: ID!) { recreateApp(id: $id, nodeId: $nodeId) { app { id } operation { id kind } } }`
const appQuery = `query ($id: ID!) { app(id: $id) { ${appFields} environment { name value secret } allowances { rule by } madeAgain { appId stoppedAt node { id } } } }`

interface Begun {
  app: { id: string }
  operation: { id: string; kind: string }
}
interface Seen {
  app: {
    status: string
    desiredState: string
    environment: { name: string; value: string | null; secret: boolean }[]
    allowances: { rule: string }[]
    madeAgain: { appId: string; stoppedAt: string | null; node: { id: string } } | null
  }
}

test('an app of a node that is down is made again on another node with its secrets, and stopped when its own node returns', async (t) => {
  t.timeout(240_000)
  await ensureTestImage()
  const primary = await nodeProcess(t, { NODE_NAME: 'primary' })
  const lost = await secondaryOf(t, primary, 'lost', { NODE_CONNECTION: 'direct' })
  await Promise.all([primary.start(), lost.start()])
  const { id: lostId } = await register(primary, lost)
  const { id: primaryId } = await primary.identity()
  const nodes = followNodes(t, primary)
  const apps = followApps(t, primary)
  const name = uniqueName()
  t.teardown(() => removeProject(name))
  const secret = 'k7-kept-to-itself'
  const composeContent = web(
    "    environment: { WORD: '${WORD}' }\n    network_mode: none\n    cap_add: [NET_ADMIN]\n    restart: always\n",
  )
  const input = { name, composeContent, environment: [{ name: 'WORD', value: secret, secret: true }], allow: ['capability:NET_ADMIN'] }
  const { createApp: first } = await ask<{ createApp: Begun }>(primary, createApp, { nodeId: lostId, input })
  await apps.first(({ id, status }) => id === first.app.id && status === 'RUNNING')
  const recreate = () => ask<{ recreateApp: Begun }>(primary, recreateApp, { id: first.app.id, nodeId: primaryId })
  await t.throwsAsync(recreate(), { message: /lost is online/ })

  // The machine is gone, with all that ran there.
  await lost.kill()
  await removeProject(name)
  await nodes.first(({ id, status }) => id === lostId && status !== 'ONLINE')
  const read = async (id: string) => (await ask<Seen>(primary, appQuery, { id })).app
  t.like(await read(first.app.id), { status: 'UNKNOWN', lastKnownStatus: 'RUNNING', environment: [{ name: 'WORD', value: null }] })
  const versions = await ask<{ app: { versions: { nodes: object[]; totalCount: number } } }>(
    primary,
    'query ($id: ID!) { app(id: $id) { versions { nodes { number composeContent environment { name value } } totalCount } } }',
    { id: first.app.id },
  )
  const kept = { number: 1, composeContent, environment: [{ name: 'WORD', value: null }] }
  t.deepEqual(versions.app.versions, { nodes: [kept], totalCount: 1 }, 'from the copy of the primary')
  const { recreateApp: again } = await recreate()
  t.is(again.operation.kind, 'RECREATE')
  t.like((await followToEnd(t, primary, again.operation)).last, { status: 'SUCCEEDED', error: null })
  await apps.first(({ id, status }) => id === again.app.id && status === 'RUNNING')
  const [container] = await containersOf(name)
  t.truthy(container)
  t.like(await read(again.app.id), { environment: [{ name: 'WORD', value: null, secret: true }], allowances: [{ rule: 'capability' }] })
  t.like((await read(first.app.id)).madeAgain, { appId: again.app.id, stoppedAt: null, node: { id: primaryId } })
  t.like(await (await fetch(`${primary.url}/api/apps/${first.app.id}`, { headers: primary.headers })).json(), {
    made_again: { node_id: primaryId, app_id: again.app.id, failed: false, stopped_at: null },
  })
  await t.throwsAsync(recreate(), { message: /was made again on primary already/ })

  await lost.start()
  await apps.first(({ id, desiredState }) => id === first.app.id && desiredState === 'STOPPED', { withinMs: 60_000 })
  await eventually(
    () => read(first.app.id),
    ({ madeAgain }) => typeof madeAgain?.stoppedAt === 'string',
  )
  t.deepEqual(
    (await containersOf(name)).map(({ Id, State }) => [Id, State]),
    [[container?.Id, 'running']],
  )

  const files = readdirSync(primary.dataDir).map((file) => join(primary.dataDir, file))
  t.false(files.some((file) => readFileSync(file).includes(secret)))
  t.false([...primary.printed, ...lost.printed].some((line) => line.includes(secret)))
})
