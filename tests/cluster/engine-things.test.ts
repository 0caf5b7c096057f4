import test, { type ExecutionContext } from 'ava'
import Docker from 'dockerode'
import { eventually, followNodes, register, secondaryOf } from '../helpers/cluster.ts'
import { ensureTestImage, testImage, uniqueName } from '../helpers/docker.ts'
import { pushRunnable, startRegistry } from '../helpers/docker-registry.ts'
import { ask, follow } from '../helpers/graphql.ts'
import { callerOf } from '../helpers/http-caller.ts'
import { nodeProcess, type NodeProcess } from '../helpers/node-process.ts'
import { assertProblem } from '../helpers/problem.ts'
import { runningNode, runningSecondary } from '../helpers/running-node.ts'
import { socketProxy } from '../helpers/socket-proxy.ts'
import { until } from '../helpers/until.ts'

const docker = new Docker()
const idle = ['sh', '-c', 'trap "exit 0" TERM; while true; do sleep 1 & wait $!; done']

interface Seen {
  id: string
  node_id: string
  state: string
  last_known_state: string
  as_of: string
}

async function container(t: ExecutionContext<unknown>, options: Docker.ContainerCreateOptions = {}) {
  const name = uniqueName()
  const made = await docker.createContainer({ Image: testImage, name, NetworkDisabled: true, Cmd: idle, ...options })
  t.teardown(() => made.remove({ force: true, v: true }).catch(() => undefined))
  return { id: made.id, name }
}

/** A primary, a worker that it reaches, and one behind a link. The first worker's Docker can be taken away. */
async function threeNodes(t: ExecutionContext<unknown>) {
  const [primary, proxy] = await Promise.all([nodeProcess(t, { NODE_NAME: 'primary' }), socketProxy(t)])
  const direct = await secondaryOf(t, primary, 'direct', {
    DOCKER_HOST: `unix://${proxy.path}`,
    NODE_CONNECTION: 'direct',
    STATS_INTERVAL: '1',
  })
  const linked = await secondaryOf(t, primary, 'linked', { NODE_CONNECTION: 'link', NODE_API_ENDPOINT: 'http://127.0.0.1:9' })
  await Promise.all([primary.start(), direct.start(), linked.start()])
  const nodes = followNodes(t, primary)
  const ids = { direct: (await register(primary, direct)).id, linked: (await register(primary, linked, 'http://127.0.0.1:9')).id }
  for (const id of Object.values(ids)) await nodes.first((node) => node.id === id && node.status === 'ONLINE')
  const rest = callerOf(primary.url, primary.headers)
  const list = async (query: string): Promise<Seen[]> => (await rest.send(`/api/containers?${query}`)).json
  return { primary, linked, ids, proxy, rest, list }
}

test('containers and images of all nodes by REST: listed, looked into, acted on, pulled, and as last known when a node is away', async (t) => {
  t.timeout(120_000)
  await ensureTestImage()
  const [{ id, name }, { primary, linked, ids, proxy, rest, list }] = await Promise.all([container(t), threeNodes(t)])
  const all = await eventually(
    () => list(`search=${name}`),
    (found) => found.length === 3,
  )
  t.deepEqual([...new Set(all.map(({ state }) => state))], ['created'], 'stopped ones are listed')
  t.deepEqual(
    (await list(`search=${name}&node_ids=${ids.direct},${ids.linked}`)).map(({ node_id: node }) => node).toSorted(),
    Object.values(ids).toSorted(),
  )
  t.deepEqual(await list(`search=${name}&states=running`), [])
  const on = (node: keyof typeof ids, path = '') => `/api/nodes/${ids[node]}/containers/${id}${path}`
  const act = (node: keyof typeof ids, action: string) => rest.send(on(node, '/action'), { method: 'POST', json: { action } })
  t.is((await act('linked', 'start')).json.state, 'running')
  for (const node of ['direct', 'linked'] as const) {
    await eventually(
      () => rest.send(on(node)),
      ({ json }) => json.state === 'running',
    )
    t.is((await rest.send(on(node, '/details'))).json.command, idle.join(' '))
    t.true((await rest.send(on(node, '/processes'))).json.titles.includes('PID'))
    t.regex((await rest.send(on(node, '/inspection'))).json.json, new RegExp(id))
  }
  t.is((await act('direct', 'pause')).json.state, 'paused')
  t.is((await act('linked', 'unpause')).json.state, 'running')
  await pulledThere(t, primary, ids.linked)

  const changes = follow<{ nodeId: string; kind: string }>(t, primary, 'subscription { thingsChanged { nodeId kind } }')
  await proxy.close()
  await changes.first(({ nodeId, kind }) => nodeId === ids.direct && kind === 'CONTAINER')
  const away = await eventually(
    () => list(`search=${name}`),
    (found) => found.some(({ state }) => state === 'unknown'),
  )
  const lost = away.find(({ state }) => state === 'unknown')
  t.like(lost, { node_id: ids.direct, last_known_state: 'running' }, "Docker of one node is gone, which is not the node's end")
  assertProblem(t, await rest.send(on('direct', '/details')), 503, { code: 'DOCKER_UNAVAILABLE' })
  await linked.kill()
  const listed = await eventually(
    () => list(`search=${name}&node_ids=${ids.linked}`),
    ([found]) => found?.state === 'unknown',
    60_000,
  )
  t.like(listed, [{ state: 'unknown', last_known_state: 'running' }])
  assertProblem(t, await act('linked', 'stop'), 503, { code: 'NODE_UNREACHABLE' })
  const again = await ask<{ containers: { nodes: { state: string; asOf: string }[] } }>(
    primary,
    'query ($name: String) { containers(filter: { search: $name, states: [UNKNOWN] }) { nodes { state asOf } } }',
    { name },
  )
  const then = [...listed, lost].map((each) => Date.parse(each?.as_of ?? '')).toSorted()
  const late = again.containers.nodes.map(({ asOf }) => Date.parse(asOf)).toSorted()
  t.true(
    then.length === late.length && late.every((at, index) => at - (then[index] ?? 0) < 50),
    `what is not known now does not get newer: ${late.join()} after ${then.join()}`,
  )
  await proxy.listen()
  await eventually(
    () => list(`search=${name}&node_ids=${ids.direct}`),
    ([found]) => found?.state === 'running',
  )
})

/** Pulls an image from a registry through a node, follows it to its end, and removes the image again. */
async function pulledThere(t: ExecutionContext<unknown>, primary: NodeProcess, nodeId: string): Promise<void> {
  const rest = callerOf(primary.url, primary.headers)
  const image = `${await startRegistry(t)}/${uniqueName()}:1`
  await pushRunnable(t, image, 'pulled', docker, 'ENV PULLED=1')
  await docker.getImage(image).remove()
  const pull = (json: unknown) => rest.send(`/api/nodes/${nodeId}/images/pull`, { method: 'POST', json })
  assertProblem(t, await pull({ image: 'not an image' }), 400, { fields: [{ field: 'image' }] })
  const { status, json } = await pull({ image })
  t.is(status, 202)
  const progress = follow<{ status: string; progress: number; output: string[] }>(
    t,
    primary,
    'subscription ($id: ID!) { operationProgress(id: $id) { status progress output } }',
    { id: json.id },
  )
  const last = await progress.first((state) => state.status !== 'QUEUED' && state.status !== 'RUNNING', { withinMs: 60_000 })
  t.like(last, { status: 'SUCCEEDED', progress: 100 })
  t.true(
    last.output.some((line) => /Pull complete|Already exists|Downloaded newer image/.test(line)),
    last.output.join('\n'),
  )
  t.like((await rest.send(`/api/operations/${json.id}`)).json, { kind: 'pull_image', status: 'succeeded', app_id: null, node_id: nodeId })
  const [found] = await eventually(
    async () => (await rest.send(`/api/images?search=${image}&node_ids=${nodeId}&unused=true`)).json,
    (images) => images.length === 1,
  )
  t.deepEqual([found.tags, found.used_by], [[image], []])
  t.is((await rest.send(`/api/nodes/${nodeId}/images/${found.id}`, { method: 'DELETE' })).status, 204)
  assertProblem(t, await rest.send(`/api/nodes/${nodeId}/images/${found.id}`, { method: 'DELETE' }), 404)
}

test('a node of an earlier version is asked for nothing that it lacks, and a label picks nodes', async (t) => {
  const primary = await runningNode(t)
  const worker = await runningSecondary(t, primary)
  const labels = { env: 'lab' }
  await ensureTestImage()
  await primary.services.members.registry.register({ id: worker.id, name: 'worker', apiEndpoint: worker.url, apiKey: worker.key, labels })
  await until(() => primary.services.details.sessionOf(worker.id) !== null)
  await primary.services.health.checks.checkNow(worker.id)
  const known = primary.services.members.registry.find(worker.id)?.about
  if (!known) return t.fail('the node has not sent its program data')
  /** Its heartbeats say again what it really is. */
  const age = (): void => void primary.services.members.registry.learn(worker.id, { ...known, version: '0.0.9', capabilities: ['link'] })
  const of = `/api/nodes/${worker.id}`
  const post = (json: unknown) => ({ method: 'POST', json })
  for (const [path, call] of [
    [`${of}/containers/c1/details`, undefined],
    [`${of}/containers/c1/action`, post({ action: 'stop' })],
    [`${of}/images/pull`, post({ image: 'nginx:1' })],
    [`${of}/prune`, post({ kind: 'images' })],
    [`${of}/disk-usage`, undefined],
    [`${of}/volumes/data`, { method: 'DELETE' }],
  ] as const) {
    age()
    const refused = await primary.send(path, call)
    assertProblem(t, refused, 501, { code: 'NOT_SUPPORTED' })
    t.regex(refused.json.detail, /worker runs 0\.0\.9, which lacks/, path)
  }
  const nodesWith = async (query: string): Promise<string[]> =>
    (await primary.send(`/api/containers?${query}`)).json.map(({ node_id: node }: Seen) => node)
  const { id } = await container(t)
  await until(() => primary.services.feed.inventory.thing(worker.id, 'container', id) !== undefined)
  t.deepEqual([...new Set(await nodesWith('labels=env=lab'))], [worker.id])
  t.deepEqual(await nodesWith('labels=env=prod'), [])
  for (const [query, field] of [
    ['states=asleep', 'states.0'],
    ['status=running', 'status'],
  ] as const) {
    const refused = await primary.send(`/api/containers?${query}`)
    assertProblem(t, refused, 400, { code: 'INVALID_INPUT' })
    t.is(refused.json.fields[0].field, field)
  }
  assertProblem(t, await primary.send('/api/images?unused=maybe'), 400, { fields: [{ field: 'unused', message: 'must be true or false' }] })
  assertProblem(t, await primary.send(`${of}/containers/c2`), 404)
  assertProblem(t, await primary.send(`${of}/prune`, post({ kind: 'everything' })), 400)
})
