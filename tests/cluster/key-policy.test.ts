import test, { type ExecutionContext } from 'ava'
import { createKeyChanges } from '../../api/cluster/keys/key-changes.ts'
import { createNodeClient } from '../../api/cluster/transport/node-client.ts'
import { json, peer } from '../helpers/peer.ts'
import { recordedLog } from '../helpers/recorded-log.ts'
import { nodeInput, primaryId, startedRegistry, type TestRegistry } from '../helpers/registry.ts'
import { until } from '../helpers/until.ts'

const dayMs = 86_400_000
const about = {
  version: '0.1.0',
  connection: 'direct' as const,
  instanceId: primaryId,
  startedAt: new Date(),
  hostname: 'host',
  program: null,
}

interface Refused {
  status: number
  code: string
  detail: string
}
type Refusal = Refused | 'silence' | null

/** Nodes that accept keys like real ones, or refuse them if the test says so. */
async function cluster(t: ExecutionContext<unknown>, options: { maxAgeDays?: number } = {}) {
  const fixture = await startedRegistry(t)
  const client = createNodeClient({ selfId: primaryId })
  t.teardown(client.close)
  const { log, lines } = recordedLog()
  const state = { mayAct: true }
  const rotations = createKeyChanges({
    registry: fixture.registry,
    client,
    addressOf: fixture.registry.addressOf,
    maxAgeMs: (options.maxAgeDays ?? 90) * dayMs,
    mayAct: () => state.mayAct,
    clock: fixture.clock,
    log,
  })

  async function node(name: string, first: Refusal = null, capabilities = ['key-rotation']) {
    const told: string[] = []
    const answer: { refusal: Refusal } = { refusal: first }
    const input = nodeInput(name)
    const { url } = await peer(t, (request, response): void => {
      const { refusal } = answer
      if (request.method === 'POST') {
        if (refusal === 'silence') return void response.destroy()
        if (refusal) return json(response, refusal, refusal.status)
        told.push((JSON.parse(request.body) as { api_key: string }).api_key)
      }
      const good = [input.apiKey, ...told]
      json(response, {}, good.includes(String(request.headers['x-node-api-key'])) ? 200 : 401)
    })
    await fixture.registry.register({ ...input, apiEndpoint: url })
    fixture.registry.learn(input.id, { ...about, capabilities })
    fixture.registry.observe(input.id, { kind: 'heartbeat' })
    return { id: input.id, told, answer }
  }

  /** Runs a later change to its end, by which time an earlier one would have shown too. */
  async function anotherChange(): Promise<void> {
    const bystander = await node(`bystander-${++bystanders}`)
    await rotations.rotate(bystander.id)
  }

  return { ...fixture, rotations, state, lines, node, anotherChange }
}

let bystanders = 0

/** Moves the clock and keeps the nodes online. */
function later({ clock, registry }: TestRegistry, ms: number): void {
  clock.advance(ms)
  for (const { id, isPrimary } of registry.list()) if (!isPrimary) registry.observe(id, { kind: 'heartbeat' })
}

const isChanged = ({ registry }: TestRegistry, id: string, key: string): boolean => registry.keyOf(id) !== key && !registry.hasNextKey(id)

test('changes one old key per tick, the oldest first, on nodes that are online and support it', async (t) => {
  const all = await cluster(t)
  const older = await all.node('older')
  later(all, dayMs)
  const newer = await all.node('newer')
  const away = await all.node('away')
  const simple = await all.node('simple', null, ['link'])
  later(all, 89 * dayMs - 1)
  all.rotations.tick()
  await all.anotherChange()
  t.deepEqual(older.told, [])
  later(all, 1 + 2 * dayMs)
  for (let failures = 0; failures < 3; failures++)
    all.registry.observe(away.id, { kind: 'check-failed', by: 'check', startedAt: all.clock.now(), reason: 'it is off' })
  all.rotations.tick()
  await until(() => isChanged(all, older.id, 'key-of-older'))
  await all.anotherChange()
  t.deepEqual(newer.told, [])
  all.rotations.tick()
  await until(() => isChanged(all, newer.id, 'key-of-newer'))
  all.rotations.tick()
  await all.anotherChange()
  t.is(older.told.length + newer.told.length, 2)
  t.deepEqual([...away.told, ...simple.told], [])
  t.deepEqual(all.registry.get(newer.id).keyChangedAt, all.clock.now())
  t.regex(
    all.rotations.overdue(all.registry.get(simple.id))?.since.toISOString() ?? '',
    /^2026-/,
    'a key that cannot be changed is reported',
  )
  t.is(all.rotations.overdue(all.registry.get(older.id)), null)
})

test('0 days means never, and while automatic actions are off no change is started or finished', async (t) => {
  const never = await cluster(t, { maxAgeDays: 0 })
  const { id, told } = await never.node('worker-1')
  later(never, 10_000 * dayMs)
  never.rotations.tick()
  await never.anotherChange()
  t.deepEqual(told, [])
  t.is(never.rotations.overdue(never.registry.get(id)), null)

  const held = await cluster(t)
  const node = await held.node('worker-1')
  later(held, 91 * dayMs)
  held.state.mayAct = false
  held.rotations.tick()
  await held.anotherChange()
  t.deepEqual(node.told, [])
  t.false(held.registry.hasNextKey(node.id))
  await held.registry.prepareKey(node.id)
  held.rotations.finish(node.id)
  held.rotations.tick()
  await held.anotherChange()
  t.deepEqual(node.told, [], 'a started change is not finished either')
  held.state.mayAct = true
  held.rotations.tick()
  await until(() => isChanged(held, node.id, 'key-of-worker-1'))
})

test('a node that refuses is asked again after an hour, and the reason is shown', async (t) => {
  const all = await cluster(t)
  const refusal = { status: 403, code: 'FORBIDDEN', detail: 'its key is set by NODE_API_KEY' }
  const { id, answer, told } = await all.node('worker-1', refusal)
  later(all, 91 * dayMs)
  all.rotations.tick()
  await until(() => all.lines.length === 1)
  t.like(all.lines[0], { msg: 'could not change node key', error: 'its key is set by NODE_API_KEY' })
  t.deepEqual(all.registry.keysOf(id), ['key-of-worker-1'])
  t.like(all.rotations.overdue(all.registry.get(id)), { maxAgeDays: 90, failure: 'its key is set by NODE_API_KEY' })
  answer.refusal = null
  later(all, 3_599_999)
  all.rotations.tick()
  await all.anotherChange()
  t.deepEqual(told, [])
  later(all, 1)
  all.rotations.tick()
  await until(() => isChanged(all, id, 'key-of-worker-1'))
  t.is(all.rotations.overdue(all.registry.get(id)), null)
})

test('a started change is finished with the same key: when the node is back, after a minute, or on request', async (t) => {
  const all = await cluster(t)
  const { id, answer, told } = await all.node('worker-1', 'silence')
  await t.throwsAsync(all.rotations.rotate(id), { code: 'NODE_UNREACHABLE' })
  const [, next] = all.registry.keysOf(id)
  t.truthy(next)
  answer.refusal = null
  later(all, 59_999)
  all.rotations.tick()
  await all.anotherChange()
  t.deepEqual(told, [])
  later(all, 1)
  all.rotations.tick()
  await until(() => all.registry.keyOf(id) === next)
  t.deepEqual(told, [next])

  answer.refusal = 'silence'
  await t.throwsAsync(all.rotations.rotate(id), { code: 'NODE_UNREACHABLE' })
  answer.refusal = null
  all.rotations.finish(id)
  await until(() => !all.registry.hasNextKey(id))
  t.is(told.length, 2)
  all.rotations.finish(id)
  await all.anotherChange()
  t.is(told.length, 2, 'no change was started')

  answer.refusal = 'silence'
  await t.throwsAsync(all.rotations.rotate(id), { code: 'NODE_UNREACHABLE' })
  answer.refusal = null
  await all.rotations.rotate(id)
  t.is(told.length, 3)
})

test('a key entered by hand during a change wins', async (t) => {
  const all = await cluster(t)
  const { id, answer } = await all.node('worker-1', 'silence')
  const change = all.rotations.rotate(id)
  await all.registry.update(id, { apiKey: 'key-given-by-hand' })
  answer.refusal = null
  await t.throwsAsync(change)
  t.deepEqual(all.registry.keysOf(id), ['key-given-by-hand'])
})
