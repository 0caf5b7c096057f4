import test from 'ava'
import { chartsOf, livePoint, withLive } from '../../../frontend/src/utils/monitoring/history-charts.ts'
import { markWords } from '../../../frontend/src/utils/monitoring/mark-words.ts'

type History = Parameters<typeof chartsOf>[0]
type Stats = Parameters<typeof livePoint>[0]

const start = Date.parse('2026-01-26T20:00:00Z')
const history: History = {
  ...{ source: 'NODE', error: null, from: new Date(start).toISOString(), stepSeconds: 30, moreSeries: 0, marks: [] },
  series: [
    {
      ...{ kind: 'NODE', name: null },
      metrics: [
        { name: 'CPU', values: [10, null, 30] },
        { name: 'MEMORY', values: [1, null, 2] },
        { name: 'MEMORY_TOTAL', values: [4, null, 4] },
        { name: 'RECEIVED', values: [100, null, 300] },
        { name: 'SENT', values: [null, null, null] },
      ],
    },
  ],
}

const stats = (second: number, more: Partial<Stats> = {}): Stats => ({
  ...{ nodeId: 'n', state: 'OK', error: null, asOf: new Date(start + second * 1000).toISOString(), load: [], uptimeSeconds: 1 },
  ...{ cpu: { usagePercent: 50, cores: 4 }, memory: null, docker: null, disks: [], moreDisks: 0, containers: [], moreContainers: 0 },
  network: { receivedBytes: second * 100, sentBytes: 0 },
  ...more,
})

test('a gap stays a gap, and what was never measured has no line', (t) => {
  const [cpu, memory, , network] = chartsOf(history, {})
  t.deepEqual(cpu?.lines[0]?.values, [10, null, 30])
  t.deepEqual(memory?.lines[0]?.values, [25, null, 50])
  t.deepEqual(
    network?.lines.map(({ label }) => label),
    ['received'],
  )
})

test('what is measured now goes on where the history ends, in order and without repeats', (t) => {
  const [cpu, , , network] = chartsOf(history, {})
  const points = [livePoint(stats(59), undefined, {}), livePoint(stats(61), stats(59), {})].flatMap((point) => point ?? [])
  const live = cpu && withLive(cpu, points)
  t.deepEqual(live?.times.slice(-2), [start / 1000 + 60, start / 1000 + 61])
  t.is(live?.lines[0]?.values.at(-1), 50)
  t.is(live?.lines[0]?.values.length, live?.times.length)
  t.is((network && withLive(network, points))?.lines[0]?.values.at(-1), 100)
})

test('a container has the charts of its own, with what its disk did, and the node has no part in them', (t) => {
  const metrics = [
    { name: 'CPU' as const, values: [1, 2] },
    { name: 'WRITTEN' as const, values: [null, 7] },
  ]
  const mixed: History = { ...history, series: [...history.series, { kind: 'CONTAINER', name: 'db', metrics }] }
  const charts = chartsOf(mixed, { container: 'db' })
  t.deepEqual(
    charts.flatMap(({ title, lines }) => lines.map(({ label, values }) => [title, label, ...values])),
    [
      ['CPU', 'db', 1, 2],
      ['Written to disk', 'db', null, 7],
    ],
  )
  const zero = { cpuPercent: 3, memoryBytes: 5, memoryLimitBytes: 0, networkRxBytes: 0, networkTxBytes: 0, blockReadBytes: 0 }
  const container = { ...zero, id: 'c', name: 'db', appName: null, service: null, state: 'RUNNING' as const, blockWriteBytes: 10 }
  const other = { ...container, id: 'd', name: 'web', cpuPercent: 90, appName: 'shop', service: 'web' }
  const before = stats(60, { containers: [container, other] })
  const now = stats(62, { containers: [{ ...container, blockWriteBytes: 30 }, other] })
  t.deepEqual([livePoint(now, before, { container: 'db' })?.values.get('CPU/db')], [3])
  t.is(livePoint(now, before, { container: 'db' })?.values.get('Written to disk/db'), 10)
  t.deepEqual(
    [...(livePoint(now, before, { app: { id: 'a', name: 'shop', service: 'api' } })?.values ?? [])],
    [],
    'another service of the app',
  )
})

test('stats that are out of date add nothing', (t) => {
  t.is(livePoint(stats(61, { state: 'STALE' }), undefined, {}), undefined)
})

test('marks are said in words', (t) => {
  const mark = { at: new Date(start).toISOString(), until: null, app: 'shop', name: null, times: 1, version: null, detail: null }
  t.is(markWords({ ...mark, kind: 'DEPLOY', version: 3, detail: 'rolled_back' }), 'shop: version 3 deployed (went back)')
  t.is(markWords({ ...mark, kind: 'RESTART', name: 'web', times: 3 }), 'shop: web restarted 3 times')
  const until = new Date(start + 120_000).toISOString()
  t.is(markWords({ ...mark, app: null, kind: 'OUTAGE', until, detail: 'no answer' }), 'Not online for 2 min: no answer')
  t.is(markWords({ ...mark, app: null, kind: 'MAINTENANCE' }), 'Maintenance, still')
})
