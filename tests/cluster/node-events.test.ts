import { randomUUID } from 'node:crypto'
import test from 'ava'
import { runningNode } from '../helpers/running-node.ts'

test('every room listens in its place, and viewers hear last that a node is gone', async (t) => {
  const { services } = await runningNode(t)
  t.deepEqual(services.nodeEvents.vacant(), [])
  const { registry } = services.members
  const { id } = await registry.register({ id: randomUUID(), name: 'worker', apiEndpoint: 'http://127.0.0.1:9', apiKey: 'key-of-nobody' })
  registry.observe(id, { kind: 'heartbeat' })
  services.limits.misbehavior.note(id, 'sent too much')
  registry.observe(id, { kind: 'check-failed', by: 'check', startedAt: new Date(), reason: 'no answer' })
  const seen: unknown[] = []
  services.events.on('nodeRemoved', (removed) => {
    seen.push(removed, registry.find(removed)?.name, services.limits.misbehavior.of(removed), services.health.history.downSince(removed))
  })
  await registry.remove(id)
  t.deepEqual(seen, [id, 'worker', null, null])
})
