import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import {
  allApps,
  allOperations,
  change,
  createApp,
  eventually,
  followApps,
  followToEnd,
  register,
  secondaryOf,
  webApp,
} from '../helpers/cluster.ts'
import { engineSocket, ensureTestImage, uniqueName } from '../helpers/docker.ts'
import { freePort } from '../helpers/free-port.ts'
import { ask, follow, GraphqlFailure } from '../helpers/graphql.ts'
import { nodeProcess, type NodeProcess } from '../helpers/node-process.ts'

interface Stats {
  systemStats: {
    state: string
    cpu: { cores: number } | null
    docker: { available: boolean; error: string | null; version: string | null } | null
  }[]
}

const statsQuery = '{ systemStats { state cpu { cores } docker { available error version } } }'

test('without Docker a node runs and says so; when Docker comes up it needs no restart', async (t) => {
  await ensureTestImage()
  const folder = mkdtempSync(join(tmpdir(), 'selfhostly-socket-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const socket = join(folder, 'docker.sock')
  const node = await nodeProcess(t, { DOCKER_HOST: `unix://${socket}`, STATS_INTERVAL: '1' })
  await node.start()
  const { id } = await node.identity()
  const input = { name: uniqueName(), composeContent: webApp(await freePort()) }

  await saysThatDockerIsAway(t, node, socket)
  await refusesToCreate(t, node, id, input)

  symlinkSync(engineSocket(), socket)
  await eventually(
    () => ask<Stats>(node, statsQuery),
    ({ systemStats }) => systemStats[0]?.docker?.available === true && systemStats[0].docker.error === null,
  )
  const { app, operation } = await createApp(node, id, input)
  const { last } = await followToEnd(t, node, operation)
  t.is(last.status, 'SUCCEEDED', last.error ?? '')
  const apps = followApps(t, node)
  await apps.first(({ status }) => status === 'RUNNING')

  // Compose and every new connection find no socket, and the desired state stays as it was.
  rmSync(socket)
  for (const mutation of ['startApp', 'stopApp', 'removeApp'] as const) {
    const refusal = await t.throwsAsync(change(node, mutation, app.id), { instanceOf: GraphqlFailure })
    t.is(refusal.code, 'DOCKER_UNAVAILABLE', mutation)
  }
  t.like(await allApps(node), { length: 1, 0: { id: app.id, desiredState: 'RUNNING' } })
  t.is((await allOperations(node)).length, 1)
})

test('a primary shows that a node has no Docker and why, until Docker answers', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'selfhostly-socket-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const socket = join(folder, 'docker.sock')
  const primary = await nodeProcess(t, { NODE_NAME: 'primary' })
  const worker = await secondaryOf(t, primary, 'worker', { DOCKER_HOST: `unix://${socket}`, STATS_INTERVAL: '1' })
  await Promise.all([primary.start(), worker.start()])
  const { id } = await register(primary, worker)
  const nodes = follow<{ id: string; status: string; conditions: { type: string; message: string }[] }>(
    t,
    primary,
    'subscription { nodeStatusChanged { id status conditions { type message } } }',
  )
  const hasNone = (node: { id: string; conditions: { type: string }[] }) =>
    node.id === id && node.conditions.some(({ type }) => type === 'NO_DOCKER')
  const { status, conditions } = await nodes.first(hasNone)
  t.is(status, 'ONLINE')
  const message = `Docker does not answer at ${socket}: the socket does not exist. Is Docker installed and running?`
  t.deepEqual(conditions, [{ type: 'NO_DOCKER', message }])
  const from = nodes.values.length
  symlinkSync(engineSocket(), socket)
  await nodes.first((node) => node.id === id && !hasNone(node), { from })
})

async function saysThatDockerIsAway(t: ExecutionContext, node: NodeProcess, socket: string): Promise<void> {
  t.is((await fetch(`${node.url}/api/health`)).status, 200)
  const { systemStats } = await eventually(
    () => ask<Stats>(node, statsQuery),
    (answer) => answer.systemStats[0]?.docker?.available === false,
  )
  const [stats] = systemStats
  t.like(stats, { state: 'OK', docker: { version: null } })
  t.true((stats?.cpu?.cores ?? 0) > 0, 'the machine itself is measured')
  t.is(stats?.docker?.error, `Docker does not answer at ${socket}: the socket does not exist. Is Docker installed and running?`)
}

/** GraphQL and REST both refuse, and nothing half-made is left. */
async function refusesToCreate(
  t: ExecutionContext,
  node: NodeProcess,
  id: string,
  input: { name: string; composeContent: string },
): Promise<void> {
  const refusal = await t.throwsAsync(createApp(node, id, input), { instanceOf: GraphqlFailure })
  t.is(refusal.code, 'DOCKER_UNAVAILABLE')
  t.regex(refusal.message, /the socket does not exist\. Is Docker installed and running\?/)

  const response = await fetch(`${node.url}/api/apps`, {
    method: 'POST',
    headers: { ...node.headers, 'content-type': 'application/json' },
    body: JSON.stringify({ name: input.name, compose_content: input.composeContent }),
  })
  t.is(response.status, 503)
  t.is(response.headers.get('content-type'), 'application/problem+json')
  t.like(await response.json(), { status: 503, code: 'DOCKER_UNAVAILABLE' })

  t.deepEqual(await allApps(node), [])
  t.deepEqual(await allOperations(node), [])
  t.deepEqual(existsSync(node.appsDir) ? readdirSync(node.appsDir) : [], [])
}
