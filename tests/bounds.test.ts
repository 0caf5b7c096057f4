import test from 'ava'
import fc from 'fast-check'
import { withinBounds } from '../api/apps/cut-app.ts'
import { withinBounds as operationWithinBounds } from '../api/apps/operation-bounds.ts'
import { isPrintable, bounds, cut, firstOf, jsonBytes } from '../api/bounds.ts'
import { countValues } from '../api/cluster/limits/bounded-json.ts'
import { presentAppOperation } from '../api/app-wire.ts'
import { readApp, readNodeStats, readOperation, readValidation, toWire } from '../api/wire.ts'
import { someApp, someContainer, someOperation, someStats } from './helpers/things.ts'

const nodeId = '00000000-0000-4000-8000-00000000000a'

test('a shortened text ends with "…", and no character is split', (t) => {
  t.is(cut('abc', 3), 'abc')
  t.is(cut('abcd', 3), 'ab…')
  t.is(cut('☕😀😀', 3), '☕…', 'the second emoji would be split')
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.integer({ min: 1, max: 40 }), (text, most) => {
        const kept = cut(text, most)
        return kept.length <= most && kept.isWellFormed() && (text.length <= most ? kept === text : kept.endsWith('…'))
      }),
    ),
  )
})

test('a cut list says how many more there are', (t) => {
  t.deepEqual(firstOf([1, 2, 3], 2), { kept: [1, 2], more: 1 })
  t.deepEqual(firstOf([1, 2], 2), { kept: [1, 2], more: 0 })
})

/** Takes six bytes of JSON per unit, the most of any character. */
const worst = (length: number): string => '\u0000'.repeat(length)
const { container: most } = bounds
const worstPort = { hostIp: worst(most.hostIp), hostPort: 65_535, containerPort: 65_535, protocol: worst(most.protocol) }
const worstContainer = someContainer({
  id: worst(most.id),
  name: worst(most.name),
  service: worst(most.service),
  image: worst(most.image),
  statusText: worst(most.statusText),
  ports: Array.from({ length: most.ports }, () => worstPort),
})

const worstAllowance = {
  rule: worst(bounds.policy.rule),
  detail: worst(bounds.policy.detail),
  service: worst(most.service),
  by: worst(bounds.personName),
  at: new Date('2026-11-30T00:00:00Z'),
}

/** Compose refuses control characters, so the largest characters in a file take two bytes: a quote or a line end. */
const worstApp = withinBounds(
  someApp({
    nodeId,
    name: 'a'.repeat(bounds.app.name),
    description: worst(900_000),
    composeContent: '"'.repeat(bounds.app.composeBytes),
    statusReason: worst(12_000),
    allowances: Array.from({ length: bounds.app.allowances }, () => worstAllowance),
    containers: Array.from({ length: 600 }, () => worstContainer),
  }),
)
const worstOperation = operationWithinBounds(
  someOperation({ nodeId, message: worst(9000), error: worst(90_000), output: Array.from({ length: 9000 }, () => worst(9000)) }),
)

test('the largest app that a node can send is read completely and says what was left out', (t) => {
  const { value, problems } = readApp(JSON.parse(JSON.stringify(toWire(worstApp))))
  t.deepEqual(problems, [])
  t.deepEqual(value, worstApp)
  t.is(worstApp.containers.length + worstApp.moreContainers, 600)
  t.true(worstApp.containers.length > 0 && worstApp.description?.endsWith('…') && worstApp.statusReason?.endsWith('…'))
})

test('the largest operation is read completely and says how many lines came before', (t) => {
  const { value, problems } = readOperation(JSON.parse(JSON.stringify(toWire(worstOperation))))
  t.deepEqual(problems, [])
  t.deepEqual(value, worstOperation)
  t.is(worstOperation.output[0], `… and ${9000 - worstOperation.output.length + 1} earlier lines`)
})

test('the count of left-out output lines keeps growing', (t) => {
  const first = operationWithinBounds(someOperation({ nodeId, output: Array.from({ length: 600 }, (_, i) => `line ${i + 1}`) }))
  t.deepEqual([first.output.length, ...first.output.slice(0, 2)], [500, '… and 101 earlier lines', 'line 102'])
  const next = operationWithinBounds({ ...first, output: [...first.output, 'line 601'] })
  t.deepEqual(
    [next.output.length, ...next.output.slice(0, 2), next.output.at(-1)],
    [500, '… and 102 earlier lines', 'line 103', 'line 601'],
  )
  t.deepEqual(operationWithinBounds(next).output, next.output)
})

test('the largest possible answer fits the limit', (t) => {
  // A queued operation has no output yet, and `cancel` answers with an operation only.
  const queued = someOperation({ nodeId, status: 'queued', output: [] })
  t.true(jsonBytes(toWire(worstOperation)) <= bounds.answer.bytes)
  const answer = JSON.stringify(presentAppOperation({ app: worstApp, operation: queued }))
  t.true(Buffer.byteLength(answer) <= bounds.answer.bytes, `${Buffer.byteLength(answer)} bytes`)
  t.true(countValues(answer) <= bounds.answer.values, `${countValues(answer)} values`)
  const manyPorts = withinBounds(
    someApp({
      nodeId,
      containers: Array.from({ length: 600 }, () =>
        someContainer({ ports: worstContainer.ports.map((port) => ({ ...port, hostIp: null, protocol: 'tcp' })) }),
      ),
    }),
  )
  const ofPorts = JSON.stringify(presentAppOperation({ app: manyPorts, operation: queued }))
  t.true(countValues(ofPorts) <= bounds.answer.values, `${countValues(ofPorts)} values`)
})

test('the largest check of a draft fits an answer and is read completely', (t) => {
  const { validation } = bounds
  const list = <T>(length: number, each: T): T[] => Array.from({ length }, () => each)
  const problem = {
    message: worst(bounds.problem.message),
    file: worst(bounds.problem.file),
    line: 1e6,
    column: 1e6,
    service: worst(most.service),
  }
  const finding = {
    rule: worst(validation.rule),
    detail: worst(validation.findingText),
    service: worst(most.service),
    path: worst(validation.path),
    message: worst(validation.findingText),
    line: 1e6,
    allowed: false,
    canBeAllowed: true,
  }
  const variable = { name: worst(validation.variable), default: worst(validation.variable), required: false, isSet: false }
  const largest = {
    ok: false,
    problems: list(validation.problems, problem),
    warnings: list(validation.problems, problem),
    findings: list(validation.findings, finding),
    variables: list(validation.variables, variable),
    resolved: worst(validation.resolved),
  }
  const answer = JSON.stringify(toWire(largest))
  t.true(Buffer.byteLength(answer) <= bounds.answer.bytes, `${Buffer.byteLength(answer)} bytes`)
  t.true(countValues(answer) <= bounds.answer.values, `${countValues(answer)} values`)
  t.deepEqual(readValidation(JSON.parse(answer)), { value: largest, problems: [] })
})

test('the largest stats fit an answer and an event', (t) => {
  const { stats } = bounds
  const disks = Array.from({ length: stats.disks }, () => ({
    mount: worst(stats.mount),
    filesystem: worst(stats.filesystem),
    totalBytes: 1e15,
    usedBytes: 1e15,
  }))
  const usage = {
    cpuPercent: 100 / 3,
    memoryBytes: 1e15,
    memoryLimitBytes: 1e15,
    networkRxBytes: 1e15,
    networkTxBytes: 1e15,
    blockReadBytes: 1e15,
    blockWriteBytes: 1e15,
  }
  // As many as container-stats.ts measures.
  const containers = Array.from({ length: 200 }, () => ({
    id: 'a'.repeat(64),
    name: worst(most.name),
    appName: worst(most.service),
    service: worst(most.service),
    state: 'running' as const,
    ...usage,
  }))
  const docker = {
    available: true,
    error: worst(stats.dockerError),
    version: worst(stats.dockerVersion),
    composeVersion: worst(stats.dockerVersion),
    running: 1,
    paused: 0,
    stopped: 0,
    images: 3,
  }
  const storageProblem = { reason: worst(stats.storageReason), since: new Date(0) }
  const largest = someStats({ nodeId, disks, containers, docker, storageProblem, moreContainers: 9, moreDisks: 9 })
  const json = JSON.stringify(toWire(largest))
  t.true(Buffer.byteLength(json) <= bounds.answer.bytes && countValues(json) <= bounds.answer.values)
  t.deepEqual(readNodeStats(JSON.parse(json)), { value: largest, problems: [] })
})

test('sizes are in bytes, not characters', (t) => t.is(jsonBytes('☕'), 5))

test('names cannot contain control characters or change the text direction', (t) => {
  for (const name of ['a\nb', 'a\u0007b', 'a\u202eb', 'a\u2066b', 'a\u200fb', 'a\0b', 'a\u2028b'])
    t.false(isPrintable(name), JSON.stringify(name))
  for (const name of ['web-1', 'Küche 2', '東京', 'مكتب', '👩‍💻']) t.true(isPrintable(name), name)
})
