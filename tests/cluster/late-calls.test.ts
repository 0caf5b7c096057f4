import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import Docker from 'dockerode'
import { allOperations, createApp, eventually, followToEnd, register, secondaryOf } from '../helpers/cluster.ts'
import { ensureTestImage, removeProject, testImage, uniqueName } from '../helpers/docker.ts'
import { ask } from '../helpers/graphql.ts'
import { nodeProcess } from '../helpers/node-process.ts'

test.before(() => ensureTestImage())

const keepsData = `services:
  web:
    image: ${testImage}
    volumes: [data:/data]
volumes:
  data:
`

interface SeenNode {
  status: string
  session: { transport: string; generation: number } | null
}

interface Line {
  action: string
  outcome: string
  detail: string | null
}

for (const transport of ['LINK', 'DIRECT'])
  test(`${transport}: a node that was paused does not start what its primary gave up meanwhile`, async (t) => {
    t.timeout(120_000)
    const primary = await nodeProcess(t, { NODE_NAME: 'primary' })
    const worker = await secondaryOf(t, primary, 'worker', { NODE_CONNECTION: transport.toLowerCase() })
    await Promise.all([primary.start(), worker.start()])
    const { id: nodeId } = await register(primary, worker)
    const seen = () => ask<{ node: SeenNode }>(primary, '{ node(id: "' + nodeId + '") { status session { transport generation } } }')
    const { node: before } = await eventually(seen, ({ node }) => node.session?.transport === transport)
    const name = uniqueName()
    t.teardown(() => removeProject(name))
    const { app, operation } = await createApp(primary, nodeId, { name, composeContent: keepsData })
    t.is((await followToEnd(t, primary, operation)).last.status, 'SUCCEEDED')
    const file = join(worker.appsDir, name, 'notes.txt')
    await writeFile(file, 'mine')
    const call = (method: string, rest: string) =>
      fetch(`${primary.url}/api/apps/${app.id}${rest}`, { method, headers: { ...primary.headers } as Record<string, string> })

    // The primary knows the node's time from answers that were quick.
    const checkMs = async (): Promise<number> => {
      const began = performance.now()
      await ask(primary, `mutation { checkNode(id: "${nodeId}") { ok } }`)
      return performance.now() - began
    }
    await eventually(checkMs, (ms) => ms < 500)
    worker.sleep()
    const answers = await Promise.all([call('POST', '/stop'), call('DELETE', '?files=true&volumes=true')])
    for (const answer of answers) t.is(answer.status, 503)
    worker.wake()

    // A new session starts with a snapshot, which holds every operation of the node.
    await eventually(seen, ({ node }) => node.status === 'ONLINE' && (node.session?.generation ?? 0) > (before.session?.generation ?? 0))
    const { checkNode } = await ask<{ checkNode: { ok: boolean } }>(primary, `mutation { checkNode(id: "${nodeId}") { ok } }`)
    t.true(checkNode.ok)
    t.deepEqual(
      (await allOperations(primary)).map(({ id }) => id),
      [operation.id],
    )
    t.true(existsSync(file))
    const docker = new Docker()
    t.is((await docker.getVolume(`${name}_data`).inspect()).Name, `${name}_data`)
    t.is((await docker.listContainers({ filters: { label: [`com.docker.compose.project=${name}`] } })).length, 1, 'it still runs')

    const { audit } = await ask<{ audit: { nodes: Line[] } }>(primary, '{ audit(first: 20) { nodes { action outcome detail } } }')
    for (const action of ['app.stop', 'app.remove']) t.is(audit.nodes.find((line) => line.action === action)?.outcome, 'UNKNOWN')

    t.is((await call('POST', '/stop')).status, 202, 'a call that is not late is accepted')
  })
