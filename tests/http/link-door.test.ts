import { randomUUID } from 'node:crypto'
import test from 'ava'
import { dial, DialError } from '../../api/cluster/transport/link-socket.ts'
import { nodeHeaders, runningNode } from '../helpers/running-node.ts'

test('a node whose link is put off is online, and not because of a heartbeat', async (t) => {
  const primary = await runningNode(t)
  const { registry } = primary.services.members
  const node = { id: randomUUID(), key: 'key-of-a-node-that-dials-in-a-loop' }
  await registry.register({ id: node.id, name: 'restless', apiEndpoint: 'http://127.0.0.1:9', apiKey: node.key })
  const open = async () => dial(primary.url, nodeHeaders(node))
  for (let i = 0; i < 4; i += 1) (await open()).socket.terminate()

  const startedAt = new Date(Date.now() + 1)
  for (let i = 0; i < 3; i += 1) registry.observe(node.id, { kind: 'check-failed', by: 'check', startedAt, reason: 'connection refused' })
  t.is(registry.get(node.id).health.status, 'offline')

  const refusal = await t.throwsAsync(open, { instanceOf: DialError })
  t.like(refusal, { status: 429 })
  t.like(registry.get(node.id).health, { status: 'online', statusReason: null, statusSignal: 'session' })
})
