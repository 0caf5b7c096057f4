import test from 'ava'
import { followNodes, register, secondaryOf } from '../helpers/cluster.ts'
import { ask, follow } from '../helpers/graphql.ts'
import { nodeProcess } from '../helpers/node-process.ts'

test('a primary that was paused for some seconds logs one line and does not consider any node lost', async (t) => {
  t.timeout(240_000)
  const primary = await nodeProcess(t, { NODE_NAME: 'primary' })
  const worker = await secondaryOf(t, primary, 'worker')
  await Promise.all([primary.start(), worker.start()])
  const { id } = await register(primary, worker)
  const nodes = followNodes(t, primary)
  await nodes.first((node) => node.id === id && node.status === 'ONLINE')
  const server = follow<{ primary: { reachable: boolean | null } }>(t, worker, 'subscription { serverChanged { primary { reachable } } }')
  await server.first(({ primary: { reachable } }) => reachable === true)
  const from = primary.log.values.length

  primary.sleep()
  // By then its link has been silent for 7.5 s, and a heartbeat got no answer. They are sent once a minute.
  await server.first(({ primary: { reachable } }) => reachable === false, { withinMs: 90_000 })
  primary.wake()
  await server.first(({ primary: { reachable } }) => reachable === true, { from: server.values.length - 1, withinMs: 60_000 })
  // The link may have survived. Work left over from the pause runs before this call is answered.
  await primary.log.first(({ msg }) => msg.startsWith('this program was paused'), { from, withinMs: 60_000 })
  const { checkNode } = await ask<{ checkNode: { ok: boolean } }>(primary, 'mutation ($id: ID!) { checkNode(id: $id) { ok } }', { id })
  t.true(checkNode.ok)

  const lines = primary.log.values.slice(from)
  t.is(lines.filter(({ msg }) => msg.startsWith('this program was paused')).length, 1)
  t.deepEqual(
    lines.filter(({ msg }) => /missed execution/.test(msg)),
    [],
  )
  t.deepEqual(
    lines.filter(({ msg }) => msg === 'node status changed' || msg === 'alarm raised'),
    [],
  )
})
