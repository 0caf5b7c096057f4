import test from 'ava'
import { createHolds } from '../../../api/cluster/members/holds.ts'
import { cordonWords } from '../../../api/cluster/members/hold-rules.ts'
import { nodeInput, onlineNode, primaryId, startedRegistry, type TestRegistry } from '../../helpers/registry.ts'
import { recordedLog } from '../../helpers/recorded-log.ts'

const holdsOf = ({ registry, clock }: TestRegistry, isPrimary = true) => createHolds({ registry, isPrimary, clock, log: recordedLog().log })

const hour = 3_600_000

test('a cordon records who, since when and why; cordoning again keeps since', async (t) => {
  const fixture = await startedRegistry(t)
  const holds = holdsOf(fixture)
  const { id } = await onlineNode(fixture)
  const since = fixture.clock.now()
  t.deepEqual((await holds.cordon(id, 'ann', '  new disks ')).cordon, { since, by: 'ann', reason: 'new disks', until: null })
  fixture.clock.advance(hour)
  const { cordon, maintenance, health } = await holds.cordon(id, 'bob')
  t.deepEqual(cordon, { since, by: 'bob', reason: null, until: null })
  t.is(maintenance, null)
  t.is(health.status, 'online', 'health is unaffected')
  t.is((await holds.uncordon(id, 'ann')).cordon, null)
  t.is((await holds.uncordon(id, 'ann')).cordon, null, 'a second uncordon changes nothing')
})

test('cordon and maintenance survive a restart and an address change, also for this node', async (t) => {
  const fixture = await startedRegistry(t)
  const holds = holdsOf(fixture)
  const { id } = await onlineNode(fixture)
  const until = new Date(fixture.clock.now().getTime() + hour)
  for (const each of [id, primaryId]) {
    await holds.cordon(each, 'ann', 'why')
    await holds.startMaintenance(each, 'bob', { until })
  }
  await fixture.registry.update(id, { apiEndpoint: 'http://10.0.0.9:8080' })
  const before = fixture.registry.list()
  const { registry } = await fixture.restart()
  await registry.start()
  for (const each of [id, primaryId]) {
    const former = before.find((node) => node.id === each)
    t.truthy(former?.cordon)
    t.deepEqual(registry.get(each).cordon, former?.cordon, each)
    t.deepEqual(registry.get(each).maintenance, former?.maintenance, each)
  }
})

test('maintenance ends on time, also if the primary was down at that moment', async (t) => {
  const fixture = await startedRegistry(t)
  const holds = holdsOf(fixture)
  const [first, second] = [await onlineNode(fixture), await onlineNode(fixture, nodeInput('worker-2'))]
  const until = new Date(fixture.clock.now().getTime() + hour)
  await holds.startMaintenance(first.id, 'ann', { until })
  await holds.startMaintenance(second.id, 'ann', {})
  fixture.clock.advance(hour - 1)
  await holds.tick()
  t.truthy(fixture.registry.get(first.id).maintenance)
  fixture.clock.advance(1)
  const again = await fixture.restart()
  await again.registry.start()
  const changes = again.changes.length
  await holdsOf(again).tick()
  t.is(again.registry.get(first.id).maintenance, null)
  t.truthy(again.registry.get(second.id).maintenance, 'maintenance without an end stays')
  t.is(again.changes.length, changes + 1, 'viewers are told')
})

test('invalid reasons and end times are refused by field, and nothing changes', async (t) => {
  const fixture = await startedRegistry(t)
  const holds = holdsOf(fixture)
  const { id } = await onlineNode(fixture)
  const in366Days = new Date(fixture.clock.now().getTime() + 366 * 24 * hour)
  for (const { input, field } of [
    { input: { reason: 'x'.repeat(501) }, field: 'reason' },
    { input: { until: fixture.clock.now() }, field: 'until' },
    { input: { until: new Date(in366Days.getTime() + 1) }, field: 'until' },
    { input: { until: new Date(Number.NaN) }, field: 'until' },
  ]) {
    const error = await t.throwsAsync<Error & { fields: { field: string }[] }>(holds.startMaintenance(id, 'ann', input), {
      code: 'INVALID_INPUT',
    })
    t.is(error.fields[0]?.field, field)
  }
  t.is(fixture.registry.get(id).maintenance, null)
  await holds.startMaintenance(id, 'ann', { until: in366Days, reason: 'x'.repeat(500) })
  await t.throwsAsync(holds.cordon('nobody', 'ann'), { code: 'NOT_FOUND' })
})

test('cordoning a node that is removed meanwhile is not found, and viewers hear nothing', async (t) => {
  const fixture = await startedRegistry(t)
  const holds = holdsOf(fixture)
  const { id } = await onlineNode(fixture)
  const removed = fixture.registry.remove(id)
  const begun = holds.cordon(id, 'ann', 'new disks')
  await t.throwsAsync(begun, { code: 'NOT_FOUND' })
  await removed
  const told = fixture.changes.slice(fixture.changes.findLastIndex((change) => change.id === id && change.to === 'online') + 1)
  t.deepEqual(told, [])
  t.is(fixture.registry.find(id), undefined)
})

test('a secondary refuses cordon and maintenance', async (t) => {
  const fixture = await startedRegistry(t, { self: { isPrimary: false } })
  const holds = holdsOf(fixture, false)
  await t.throwsAsync(holds.cordon(primaryId, 'ann'), { code: 'FORBIDDEN', message: /on its primary/ })
  await t.throwsAsync(holds.endMaintenance(primaryId, 'ann'), { code: 'FORBIDDEN' })
  t.is(fixture.registry.get(primaryId).cordon, null)
})

test('the refusal of a cordoned node names who, when and why', (t) => {
  const since = new Date('2026-01-26T20:00:00Z')
  t.is(
    cordonWords('worker-1', { since, by: 'ann', reason: 'new disks', until: null }),
    'worker-1 takes no new apps: ann cordoned it on 2026-01-26T20:00:00.000Z (new disks). Choose another node, or uncordon it',
  )
  t.notRegex(cordonWords('worker-1', { since, by: 'ann', reason: null, until: null }), /null|\(/)
})
