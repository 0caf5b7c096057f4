import test from 'ava'
import type { AlarmItem, AppItem, NodeItem, OperationItem } from '../../../frontend/src/graphql/items.ts'
import { attentionOf, type Known } from '../../../frontend/src/utils/overview/attention.ts'
import { eventWords } from '../../../frontend/src/utils/overview/event-words.ts'
import { sparkPath, usageRow } from '../../../frontend/src/utils/overview/usage-rows.ts'

const node = (given: Partial<NodeItem> = {}): NodeItem =>
  ({ id: 'n1', name: 'oak', status: 'ONLINE', statusReason: null, conditions: [], maintenance: null, cordon: null, ...given }) as NodeItem
const app = (given: Partial<AppItem> = {}): AppItem =>
  ({
    ...{ id: 'a1', name: 'shop', status: 'RUNNING', desiredState: 'RUNNING', statusReason: null },
    ...{ changedOnDisk: false, changedFiles: [], imageUpdates: [], containers: [], node: node(), ...given },
  }) as unknown as AppItem
const failed = (given: Partial<OperationItem> = {}): OperationItem =>
  ({ id: 'o1', kind: 'UPDATE', status: 'FAILED', appId: 'a1', appName: 'shop', error: 'no such image\nmore', ...given }) as OperationItem
const alarm = (given: Partial<AlarmItem>): AlarmItem => ({
  id: 'x',
  kind: 'NODE_DOWN',
  severity: 'CRITICAL',
  nodeId: null,
  appId: null,
  message: 'oak is gone',
  since: 's',
  ...given,
})

const shown = (known: Partial<Known>) =>
  attentionOf({ alarms: [], nodes: [], apps: [], failed: [], server: undefined, ...known }).map(({ key, severity, remedy }) =>
    [severity, key, remedy?.kind === 'open' ? remedy.to : remedy?.kind].join(' '),
  )

test('what is well needs no attention', (t) => {
  t.deepEqual(shown({ nodes: [node()], apps: [app(), app({ status: 'STOPPED', desiredState: 'STOPPED' })] }), [])
})

test('a node that is away can be checked, unless it is in maintenance', (t) => {
  t.deepEqual(shown({ nodes: [node({ status: 'OFFLINE' })] }), ['CRITICAL node n1 check'])
  const hold = { since: '', by: 'alice', reason: null, until: null } as NodeItem['maintenance']
  t.deepEqual(shown({ nodes: [node({ status: 'OFFLINE', maintenance: hold })] }), [])
})

test('an alarm says it once, with what helps', (t) => {
  const known = { nodes: [node({ status: 'UNREACHABLE' })], apps: [app({ status: 'ERROR' })], failed: [failed()] }
  const alarms = [
    alarm({ id: 'x', nodeId: 'n1' }),
    alarm({ id: 'y', kind: 'DEPLOY_FAILED', severity: 'WARNING', nodeId: 'n1', appId: 'a1' }),
  ]
  t.deepEqual(shown({ ...known, alarms: alarms.toReversed() }), ['CRITICAL alarm x check', 'WARNING alarm y retry'])
  t.deepEqual(shown({ alarms: [alarm({ kind: 'DISK_FILLING', nodeId: 'n1' })] }), ['CRITICAL alarm x /nodes/n1/images'])
})

test('an app in trouble is repeated, started or looked at', (t) => {
  t.deepEqual(shown({ apps: [app({ status: 'ERROR' })], failed: [failed()] }), ['CRITICAL app a1 retry'])
  t.deepEqual(shown({ apps: [app({ status: 'DEGRADED' })] }), ['WARNING app a1 /apps/a1/logs'])
  t.deepEqual(shown({ apps: [app({ status: 'STOPPED' })] }), ['CRITICAL app a1 start'])
  t.deepEqual(shown({ apps: [app()], failed: [failed()] }), ['WARNING operation o1 retry'], 'it went back and runs')
  t.deepEqual(shown({ failed: [failed()] }), [], 'the app is gone')
})

test('newer images of several apps are one line, after what is worse', (t) => {
  const updates = [{ service: 'web', state: 'AVAILABLE' }] as AppItem['imageUpdates']
  t.deepEqual(shown({ apps: [app({ imageUpdates: updates })] }), ['INFO updates update'])
  const two = [app({ imageUpdates: updates }), app({ id: 'a2', imageUpdates: updates, changedOnDisk: true })]
  t.deepEqual(shown({ apps: two }), ['WARNING disk a2 /apps/a2/files', 'INFO updates /apps?has=updates'])
})

test('an event is told in words with a way to more', (t) => {
  const event = { at: 's', node: { id: 'n1', name: 'oak' }, status: null, reason: null }
  t.like(eventWords({ ...event, operation: failed() }), {
    title: 'Update shop',
    outcome: 'failed',
    detail: 'no such image',
    to: '/apps/a1/activity',
  })
  t.like(eventWords({ ...event, operation: null, status: 'OFFLINE', reason: 'no answer' } as never), {
    title: 'oak',
    outcome: 'offline',
    detail: 'no answer',
  })
})

test('a small picture has gaps where nothing was measured', (t) => {
  t.is(sparkPath([0, 50, 100]), 'M0.0 100.0L50.0 50.0L100.0 0.0')
  t.is(sparkPath([10, null, 20, 30, null]), 'M0.0 90.0h0.5M50.0 80.0L75.0 70.0')
  t.is(sparkPath([null]), '')
})

test('what a node uses now is what it told last, or what history knows', (t) => {
  const metrics = [
    { name: 'CPU', values: [10, 20, null] },
    { name: 'MEMORY', values: [1, 2, null] },
    { name: 'MEMORY_TOTAL', values: [4, 4, null] },
  ]
  const disk = (used: number) => ({
    kind: 'DISK',
    name: '/',
    metrics: [
      { name: 'USED', values: [used] },
      { name: 'TOTAL', values: [10] },
    ],
  })
  const item = {
    node: node(),
    history: { from: '', stepSeconds: 300, series: [{ kind: 'NODE', name: null, metrics }, disk(3), disk(9)] },
  } as never
  t.deepEqual(usageRow(item, undefined).now, { cpu: 20, memory: 50, disk: 90 })
  t.deepEqual(usageRow(item, undefined).memory, [25, 50, null])
  const live = {
    cpu: { usagePercent: 77 },
    memory: { usedBytes: 1, totalBytes: 2 },
    disks: [{ mount: '/', usedBytes: 1, totalBytes: 4 }],
  } as never
  t.deepEqual(usageRow(item, live).now, { cpu: 77, memory: 50, disk: 25 })
})
