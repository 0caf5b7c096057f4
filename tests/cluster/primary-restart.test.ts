import test from 'ava'
import { allApps, createApp, followApps, followNodes, register, secondaryOf, webApp, type SeenNode } from '../helpers/cluster.ts'
import { ensureTestImage, uniqueName } from '../helpers/docker.ts'
import { freePort } from '../helpers/free-port.ts'
import { ask } from '../helpers/graphql.ts'
import { nodeProcess } from '../helpers/node-process.ts'

const nodesQuery = '{ nodes { nodes { id name status statusReason consecutiveFailures } } server { nodeId } }'

interface NodesAnswer {
  nodes: { nodes: SeenNode[] }
  server: { nodeId: string }
}

test('a restarted primary knows its nodes and their apps at once, and hears from them again', async (t) => {
  await ensureTestImage()
  const primary = await nodeProcess(t, { NODE_NAME: 'primary' })
  const lost = await secondaryOf(t, primary, 'lost', {
    // Nodes that open links get a grace period after a start.
    NODE_CONNECTION: 'direct',
  })
  const here = await secondaryOf(t, primary, 'here')
  await Promise.all([primary, lost, here].map((node) => node.start()))
  const ids = { lost: (await register(primary, lost)).id, here: (await register(primary, here)).id }
  await here.logged('startup heartbeat sent successfully to primary')
  const identity = await primary.identity()
  const name = uniqueName()
  const created = await createApp(primary, ids.lost, { name, composeContent: webApp(await freePort()) })
  const apps = followApps(t, primary)
  await apps.first(({ id, status }) => id === created.app.id && status === 'RUNNING')

  const stopped = await primary.stop()
  t.is(stopped.code, 0)
  // A secondary notices at once, because its primary's event stream ends, and keeps calling.
  await here.logged('failed to send heartbeat to primary', { withinMs: 5000 })
  await lost.kill()
  await primary.start()

  const { nodes, server } = await ask<NodesAnswer>(primary, nodesQuery)
  t.is(server.nodeId, identity.id)
  t.deepEqual(await primary.identity(), identity)
  t.deepEqual(
    nodes.nodes.map((node) => node.id),
    [identity.id, ids.here, ids.lost],
  )
  t.like(await allApps(primary), { length: 1, 0: { id: created.app.id, name, lastKnownStatus: 'RUNNING', node: { id: ids.lost } } })

  const changes = followNodes(t, primary)
  await changes.first((node) => node.id === ids.here && node.status === 'ONLINE')
  await here.logged('heartbeat accepted again by primary')
  await changes.first((node) => node.id === ids.lost && node.status === 'OFFLINE')

  const from = changes.values.length
  await lost.start()
  await changes.first((node) => node.id === ids.lost && node.status === 'ONLINE', { from })
})
