import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { createNodeClient } from '../../../api/cluster/transport/node-client.ts'
import { NodeCallError } from '../../../api/cluster/transport/node-call-error.ts'
import { createHealthChecks } from '../../../api/cluster/health/health-checks.ts'
import type { ClusterNode } from '../../../api/cluster/members/node-registry.ts'
import { recordedLog } from '../../helpers/recorded-log.ts'
import { nodeInput, onlineNode, primaryId, startedRegistry, type TestRegistry } from '../../helpers/registry.ts'
import { until } from '../../helpers/until.ts'

type Probe = (node: ClusterNode) => Promise<string | null | undefined>

async function checksOf(t: ExecutionContext<unknown>, probe: Probe, parallel = 200) {
  const fixture = await startedRegistry(t)
  const { log, lines, messages } = recordedLog()
  const { registry, clock } = fixture
  const checks = createHealthChecks({ registry, selfId: primaryId, probe, parallel, clock, log })
  return { ...fixture, checks, lines, logged: messages }
}

/** Probes that the test answers. */
function heldProbes() {
  const asked: string[] = []
  const waiting = new Map<string, (error: string | null) => void>()
  let most = 0
  const probe: Probe = ({ id }) => {
    asked.push(id)
    return new Promise((resolve) => {
      if (waiting.has(id)) throw new Error('two checks of one node at once')
      waiting.set(id, resolve)
      most = Math.max(most, waiting.size)
    })
  }
  return {
    probe,
    /** Ids in the order they were probed. */
    asked,
    most: () => most,
    waiting: () => [...waiting.keys()],
    async answer(id: string, error: string | null): Promise<void> {
      const resolve = waiting.get(id)
      if (!resolve) throw new Error('nobody waits for this answer')
      waiting.delete(id)
      resolve(error)
      await nextTurn()
    },
  }
}

async function register(fixture: TestRegistry, count: number): Promise<string[]> {
  const ids: string[] = []
  for (let i = 0; i < count; i++) ids.push((await fixture.registry.register(nodeInput(`worker-${i}`))).id)
  return ids
}

test('due nodes are checked in parallel, and one that hangs delays no other', async (t) => {
  const probes = heldProbes()
  const fixture = await checksOf(t, probes.probe)
  const [hung = '', second = '', third = ''] = await register(fixture, 3)
  fixture.checks.tick()
  await nextTurn()
  t.deepEqual(probes.waiting().sort(), [hung, second, third].sort())
  await probes.answer(second, null)
  await probes.answer(third, 'connection refused')
  t.is(fixture.registry.get(second).health.status, 'online')
  t.is(fixture.registry.get(third).health.consecutiveFailures, 1)

  for (let round = 0; round < 5; round++) {
    fixture.clock.advance(33_000)
    fixture.checks.tick()
    await nextTurn()
    t.deepEqual(probes.waiting().sort(), [hung, second, third].sort())
    await probes.answer(second, null)
    await probes.answer(third, null)
  }
  t.is(probes.asked.filter((id) => id === hung).length, 1, 'a node that is being checked is not checked again')
  await probes.answer(hung, 'did not answer within 5 s')
  t.is(fixture.registry.get(hung).health.consecutiveFailures, 1)
})

test('parallel checks are limited, the others follow, and a manual check does not queue', async (t) => {
  const probes = heldProbes()
  const fixture = await checksOf(t, probes.probe, 2)
  const ids = await register(fixture, 5)
  fixture.checks.tick()
  fixture.checks.tick()
  await nextTurn()
  t.is(probes.waiting().length, 2)

  const extra = await onlineNode(fixture, nodeInput('asked-by-a-person'))
  const manual = fixture.checks.checkNow(extra.id)
  await nextTurn()
  t.is(probes.waiting().length, 3)
  await probes.answer(extra.id, null)
  t.true((await manual).ok)

  while (probes.waiting().length > 0) await probes.answer(probes.waiting()[0] ?? '', null)
  t.deepEqual(probes.asked.toSorted(), [...ids, extra.id].toSorted(), 'each once')
  t.is(probes.most(), 3)
})

test('a manual check waits for the running one, then runs regardless of the backoff', async (t) => {
  const probes = heldProbes()
  const fixture = await checksOf(t, probes.probe)
  const [id = ''] = await register(fixture, 1)
  fixture.checks.tick()
  const manual = fixture.checks.checkNow(id)
  await nextTurn()
  t.is(probes.asked.length, 1)
  await probes.answer(id, 'connection refused')
  t.is(probes.asked.length, 2)
  await probes.answer(id, 'still refused')
  t.like(await manual, { ok: false, error: 'still refused', node: { health: { consecutiveFailures: 2, statusSignal: 'manual-check' } } })

  t.deepEqual(fixture.registry.due(), [])
  const again = fixture.checks.checkNow(id)
  await nextTurn()
  await probes.answer(id, null)
  t.like(await again, { ok: true, error: null, node: { health: { status: 'online', consecutiveFailures: 0 } } })
})

test('this node passes without a request, an unknown id is not found', async (t) => {
  const probes = heldProbes()
  const { checks } = await checksOf(t, probes.probe)
  t.like(await checks.checkNow(primaryId), { ok: true, error: null, durationMs: 0, node: { id: primaryId } })
  await t.throwsAsync(checks.checkNow(nodeInput().id), { code: 'NOT_FOUND' })
  t.deepEqual(probes.asked, [])
})

test('the result of checking a removed node is dropped quietly', async (t) => {
  const probes = heldProbes()
  const fixture = await checksOf(t, probes.probe)
  const [id = '', queued = ''] = await register(fixture, 2)
  fixture.checks.tick()
  const manual = fixture.checks.checkNow(queued)
  await fixture.registry.remove(id)
  await fixture.registry.remove(queued)
  await probes.answer(id, null)
  await probes.answer(queued, 'connection refused')
  await t.throwsAsync(manual, { code: 'NOT_FOUND' })
  t.is(fixture.registry.list().length, 1)
  t.is(fixture.logged().filter((message) => message === 'health check dropped').length, 2)
})

test('a probe that throws is a failed check with the reason', async (t) => {
  const { checks, registry, lines } = await checksOf(t, () => Promise.reject(new Error('the stars are wrong')))
  const { id } = await registry.register(nodeInput('worker-1'))
  t.like(await checks.checkNow(id), { ok: false, error: 'the stars are wrong' })
  t.like(
    lines.find(({ msg }) => msg === 'health check failed'),
    { node: 'worker-1', error: 'the stars are wrong' },
  )
  t.regex(String(lines.find(({ msg }) => msg === 'health check failed')?.duration), /^\d+ms$/)
})

test('a suspicion checks at once and 1 s and 2 s later, and three failures mean offline', async (t) => {
  const times: number[] = []
  const start = Date.parse('2026-01-26T20:00:00Z')
  const fixture = await checksOf(t, async () => {
    times.push(fixture.clock.now().getTime() - start)
    return 'connection refused'
  })
  const { id } = await onlineNode(fixture)
  fixture.checks.suspect(id)
  fixture.checks.suspect(id)
  for (let ms = 0; ms <= 10_000; ms += 100) {
    fixture.clock.advance(ms === 0 ? 0 : 100)
    await nextTurn()
  }
  t.deepEqual(times, [0, 1000, 2000])
  t.like(fixture.registry.get(id).health, { status: 'offline', consecutiveFailures: 3, statusReason: 'connection refused' })

  fixture.checks.suspect(id)
  fixture.clock.advance(0)
  await nextTurn()
  t.is(times.length, 4, 'a later suspicion starts over')
})

test('a suspicion ends with the first passed check', async (t) => {
  const answers: (string | null)[] = ['connection refused', null]
  const fixture = await checksOf(t, async () => answers.shift() ?? null)
  const { id } = await onlineNode(fixture)
  fixture.checks.suspect(id)
  for (let i = 0; i < 50; i++) {
    fixture.clock.advance(i === 0 ? 0 : 100)
    await nextTurn()
  }
  t.is(fixture.logged().filter((message) => message.startsWith('health check')).length, 2)
  t.like(fixture.registry.get(id).health, { status: 'online', consecutiveFailures: 0 })
  t.is(fixture.clock.waiting(), 0)
})

test('a node seen during a suspicion and lost again gets three new checks', async (t) => {
  const fixture = await checksOf(t, async () => 'connection refused')
  const { id } = await onlineNode(fixture)
  const pass = async (ms: number): Promise<void> => {
    fixture.clock.advance(ms)
    for (let i = 0; i < 5; i++) await nextTurn()
  }
  fixture.checks.suspect(id)
  await pass(0)
  await pass(500)
  fixture.registry.observe(id, { kind: 'session' })
  fixture.checks.suspect(id)
  for (const ms of [0, 1000, 1000]) await pass(ms)
  t.like(fixture.registry.get(id).health, { status: 'offline', consecutiveFailures: 3 })
  t.is(fixture.clock.waiting(), 0)
})

test('no suspicion outlives its node, or a stop', async (t) => {
  let asked = 0
  const fixture = await checksOf(t, async () => (asked++, 'connection refused'))
  const { id } = await onlineNode(fixture, nodeInput('worker-1'))
  const { id: other } = await onlineNode(fixture, nodeInput('worker-2'))
  fixture.checks.suspect(nodeInput().id)
  t.is(fixture.clock.waiting(), 0, 'no timers for an unknown node')
  fixture.checks.suspect(id)
  fixture.checks.suspect(other)
  fixture.clock.advance(0)
  await nextTurn()
  t.is(asked, 2)
  await fixture.registry.remove(id)
  fixture.checks.stop()
  fixture.clock.advance(10_000)
  await nextTurn()
  t.is(asked, 2)
})

test('a heartbeat ends the backoff: online at once, and the next check is soon', async (t) => {
  const fixture = await checksOf(t, async () => null)
  const { registry, clock } = fixture
  const { id } = await onlineNode(fixture)
  for (let i = 0; i < 12; i++) registry.observe(id, { kind: 'check-failed', by: 'check', startedAt: clock.now(), reason: 'refused' })
  t.is(registry.get(id).health.status, 'unreachable')
  clock.advance(60_000)
  t.deepEqual(registry.due(), [])
  t.like(registry.observe(id, { kind: 'heartbeat' }).health, { status: 'online', consecutiveFailures: 0, statusReason: null })
  clock.advance(33_000)
  t.deepEqual(
    registry.due().map((node) => node.id),
    [id],
  )
})

test('a real peer that stops and returns passes every band on time, with one tick per second', async (t) => {
  let status = 200
  const peer = createServer((request, response) => {
    t.is(request.url, '/api/internal/system/stats')
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
  })
  await once(peer.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => peer.close())
  const client = createNodeClient({ selfId: primaryId })
  t.teardown(client.close)

  let underWay = 0
  const fixture = await checksOf(t, async ({ id }) => {
    underWay++
    try {
      await client.request(fixture.registry.addressOf(id), { path: '/api/internal/system/stats' })
      return null
    } catch (error) {
      return error instanceof NodeCallError ? error.why : String(error)
    } finally {
      underWay--
    }
  })
  const { registry, clock, checks } = fixture
  const { port } = peer.address() as AddressInfo
  const { id } = await registry.register(nodeInput('worker-1', `http://127.0.0.1:${port}`))

  /** Seconds until the next probe. */
  async function nextCheck(): Promise<number> {
    for (let seconds = 1; ; seconds++) {
      clock.advance(1000)
      const before = registry.get(id).health.lastHealthCheck
      checks.tick()
      await nextTurn()
      if (underWay === 0) continue
      await until(() => underWay === 0 && registry.get(id).health.lastHealthCheck !== before)
      return seconds
    }
  }
  t.true((await nextCheck()) <= 1, 'a new node is checked at once')
  t.is(registry.get(id).health.status, 'online')

  status = 500
  const seen: { failures: number; status: string; waited: number }[] = []
  for (let failures = 1; failures <= 22; failures++) {
    const waited = await nextCheck()
    const { health } = registry.get(id)
    seen.push({ failures: health.consecutiveFailures, status: health.status, waited })
  }
  const expected = (failures: number): { status: string; wait: number } => {
    if (failures <= 2) return { status: 'online', wait: 30 }
    if (failures <= 5) return { status: 'offline', wait: 120 }
    if (failures <= 10) return { status: 'offline', wait: 300 }
    if (failures <= 20) return { status: 'unreachable', wait: 900 }
    return { status: 'unreachable', wait: 1800 }
  }
  for (const [index, { failures, status: shown, waited }] of seen.entries()) {
    t.is(failures, index + 1)
    t.is(shown, expected(failures).status, `after ${failures} failures`)
    const { wait } = expected(failures - 1)
    t.true(waited >= wait * 0.9 - 1 && waited <= wait * 1.1 + 1, `failure ${failures} came after ${waited} s, not ${wait} s`)
  }
  t.regex(registry.get(id).health.statusReason ?? '', /answered 500/)

  status = 200
  await nextCheck()
  t.like(registry.get(id).health, { status: 'online', consecutiveFailures: 0, statusReason: null })
})

test('problems of this primary do not count as failures of the node', async (t) => {
  const outcomes = [undefined, undefined, 'did not answer within 5 s']
  const fixture = await checksOf(t, () => Promise.resolve(outcomes.shift()))
  const { id } = await onlineNode(fixture)
  for (const _ of [1, 2]) {
    const { ok, error } = await fixture.checks.checkNow(id)
    t.false(ok)
    t.regex(error ?? '', /^The check was inconclusive/)
  }
  t.is(fixture.registry.get(id).health.consecutiveFailures, 0)
  await fixture.checks.checkNow(id)
  t.is(fixture.registry.get(id).health.consecutiveFailures, 1, 'any other failure counts')
})
