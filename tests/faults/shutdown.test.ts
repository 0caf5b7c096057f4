import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import Docker from 'dockerode'
import { markName } from '../../api/docker/leftovers.ts'
import { allApps, allOperations, change, createApp, followApps, followToEnd, webApp } from '../helpers/cluster.ts'
import { ensureTestImage, uniqueName } from '../helpers/docker.ts'
import { freePort } from '../helpers/free-port.ts'
import { GraphqlFailure } from '../helpers/graphql.ts'
import { nodeProcess, type NodeProcess } from '../helpers/node-process.ts'

/** `up` waits until `first` is healthy, which is when the test creates a file, so the test decides how long a deployment takes. */
const slowApp = `services:
  first:
    image: selfhostly-test/web:1
    healthcheck:
      test: [CMD, test, -f, /tmp/ready]
      interval: 1s
      retries: 10000
  second:
    image: selfhostly-test/web:1
    depends_on:
      first:
        condition: service_healthy
`

test.before(() => ensureTestImage())

test('SIGTERM lets a deployment finish that needs only a moment, and accepts nothing new', async (t) => {
  const node = await nodeProcess(t)
  const { name, operation, nodeId } = await deploySlowly(t, node)
  const stopping = node.stop()
  await node.logged('stopping')
  const late = createApp(node, nodeId, { name: uniqueName(), composeContent: webApp(await freePort()) })
  const [refusal] = await Promise.all([t.throwsAsync(late, { instanceOf: GraphqlFailure }), makeReady(name)])
  t.is(refusal.code, 'SHUTTING_DOWN')
  const { code, durationMs } = await stopping
  t.is(code, 0)
  t.true(durationMs < 10_000)

  await node.start()
  t.like(await allOperations(node), { length: 1, 0: { id: operation.id, status: 'SUCCEEDED', progress: 100, error: null } })
  const apps = followApps(t, node)
  const app = await apps.first(({ status }) => status === 'RUNNING')
  t.deepEqual(app.containers.map(({ service }) => service).toSorted(), ['first', 'second'])
  t.is((await allApps(node)).length, 1, 'the refused request left no app')
})

test('SIGTERM ends within 10 s during a long deployment; it and what waits go on at the next start', async (t) => {
  const node = await nodeProcess(t)
  const { name, operation, app } = await deploySlowly(t, node)
  const waiting = await change(node, 'stopApp', app.id)
  t.is(waiting.status, 'QUEUED')
  const { code, durationMs } = await node.stop()
  t.is(code, 0)
  t.true(durationMs < 10_000, `took ${durationMs} ms`)
  t.like(await node.logged('operation goes on at the next start'), { app: name })

  await node.start()
  await makeReady(name)
  for (const each of [operation, waiting]) t.is((await followToEnd(t, node, each)).last.status, 'SUCCEEDED')
  const stopped = await followApps(t, node).first(({ status }) => status === 'STOPPED')
  t.is(stopped.statusReason, null)
})

test('a deployment ended by a power cut goes on after the restart, and its Compose process is not left beside it', async (t) => {
  const node = await nodeProcess(t)
  const { name, operation, nodeId } = await deploySlowly(t, node)
  t.true(composeProcesses(nodeId) > 0)
  await node.kill()
  t.true(composeProcesses(nodeId) > 0, 'nobody ends it while the node is down')
  await node.start()
  t.like(await node.logged('ending Compose processes that an earlier run left behind'), { signal: 'SIGTERM' })
  await makeReady(name)
  const { last } = await followToEnd(t, node, operation)
  t.is(last.status, 'SUCCEEDED', last.error ?? '')
  t.is(composeProcesses(nodeId), 0)
  const running = await followApps(t, node).first(({ status, statusReason }) => status === 'RUNNING' && statusReason === null)
  t.deepEqual(
    running.containers.map(({ state }) => state),
    ['RUNNING', 'RUNNING'],
  )
})

/** How many processes carry this node's mark. */
const composeProcesses = (nodeId: string): number =>
  readdirSync('/proc').filter((id) => {
    try {
      return /^\d+$/.test(id) && readFileSync(`/proc/${id}/environ`, 'utf8').split('\0').includes(`${markName}=${nodeId}`)
    } catch {
      return false
    }
  }).length

/** Starts a deployment whose first container runs while the rest waits. */
async function deploySlowly(t: ExecutionContext, node: NodeProcess) {
  await node.start()
  const name = uniqueName()
  const nodeId = (await node.identity()).id
  const apps = followApps(t, node)
  const created = await createApp(node, nodeId, { name, composeContent: slowApp })
  await apps.first(
    (app) => app.status === 'PENDING' && app.containers.some(({ service, state }) => service === 'first' && state === 'RUNNING'),
  )
  return { nodeId, name, ...created }
}

async function makeReady(project: string): Promise<void> {
  const docker = new Docker()
  const filters = { label: [`com.docker.compose.project=${project}`, 'com.docker.compose.service=first'] }
  const [found] = await docker.listContainers({ filters })
  if (!found) throw new Error(`${project} has no first container`)
  const touch = await docker.getContainer(found.Id).exec({ Cmd: ['touch', '/tmp/ready'] })
  const output = await touch.start({})
  await once(output.resume(), 'end')
}
