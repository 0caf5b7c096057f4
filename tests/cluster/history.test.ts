import test, { type ExecutionContext } from 'ava'
import { runningNode, runningSecondary, type RunningNode } from '../helpers/running-node.ts'
import { until } from '../helpers/until.ts'

// A real primary and a real secondary in this process. Both measure every 300 s while nobody watches.

async function pairOf(t: ExecutionContext<unknown>): Promise<{ primary: RunningNode; worker: RunningNode }> {
  const primary = await runningNode(t)
  const worker = await runningSecondary(t, primary)
  await primary.services.membership.welcome({ id: worker.id, name: 'worker', apiEndpoint: worker.url, apiKey: worker.key })
  await until(() => primary.services.details.sessionOf(worker.id) !== null)
  await primary.services.health.checks.checkNow(worker.id)
  return { primary, worker }
}

const query = `query ($nodeId: ID!, $from: DateTime!) {
  nodeHistory(nodeId: $nodeId, from: $from) {
    source error stepSeconds series { kind name metrics { name values } } marks { kind until detail }
  }
}`

const lately = (): string => new Date(Date.now() - 3_600_000).toISOString()

test("a watched node measures every second; its history is its own, and its primary's when it is gone", async (t) => {
  const { primary, worker } = await pairOf(t)
  const samples: number[] = []
  worker.services.monitor.onSample(({ asOf }) => samples.push(asOf.getTime()))
  const leave = primary.services.watched.join(worker.id)
  await until(() => samples.length >= 3)
  leave()
  const [, second = 0, third = 0] = samples
  t.true(third - second < 10_000, 'it is not calm')
  await until(() => primary.services.feed.inventory.statsOf(worker.id).state === 'ok')

  const read = async () => (await primary.graphql(query, { nodeId: worker.id, from: lately() })).data.nodeHistory
  const own = await read()
  t.like(own, { source: 'NODE', error: null, stepSeconds: 30 })
  const cpu = own.series[0].metrics.find(({ name }: { name: string }) => name === 'CPU_MAX')
  t.true(cpu.values.some((value: number | null) => value !== null && value >= 0))
  t.is(own.series[1].kind, 'DISK')
  const { status, json } = await primary.send(`/api/nodes/${worker.id}/history?from=${lately()}&points=10`)
  t.is(status, 200)
  t.is(json.source, 'node')
  t.true(json.series[0].metrics[0].values.length <= 11)

  await primary.services.members.holds.startMaintenance(worker.id, 'octocat', {})
  await worker.stop()
  for (let i = 0; i < 3; i++) await primary.services.health.checks.checkNow(worker.id)
  const kept = await read()
  t.is(kept.source, 'PRIMARY')
  t.regex(kept.error, /worker/)
  t.true(kept.series[0].metrics[0].values.some((value: number | null) => value !== null))
  t.deepEqual(kept.marks.map(({ kind }: { kind: string }) => kind).sort(), ['MAINTENANCE', 'OUTAGE'])
})

test('a wrong span names the field and what would be right', async (t) => {
  const primary = await runningNode(t)
  const fieldOf = async (variables: object) => {
    const { errors } = await primary.graphql(
      'query ($nodeId: ID!, $from: DateTime!, $to: DateTime, $points: Int) { nodeHistory(nodeId: $nodeId, from: $from, to: $to, points: $points) { stepSeconds } }',
      { nodeId: primary.id, from: lately(), ...variables },
    )
    t.is(errors[0].extensions.code, 'INVALID_INPUT')
    return errors[0].extensions.fields[0].field
  }
  t.is(await fieldOf({ points: 0 }), 'points')
  t.is(await fieldOf({ points: 1001 }), 'points')
  t.is(await fieldOf({ to: '2020-01-01T00:00:00Z' }), 'from')
  t.is(await fieldOf({ from: '2020-01-01T00:00:00Z' }), 'from')
})
