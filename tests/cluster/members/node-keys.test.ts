import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { nodeInput, onlineNode, startedRegistry, type TestRegistry } from '../../helpers/registry.ts'

async function restarted(t: ExecutionContext<unknown>, fixture: TestRegistry, id: string): Promise<string[]> {
  const again = await fixture.restart()
  await again.registry.start()
  t.false(again.registry.keysOf(id).includes(''))
  return again.registry.keysOf(id)
}

test('a key set by hand is the only valid one, also after a restart during a key change', async (t) => {
  const fixture = await startedRegistry(t)
  const { id } = await onlineNode(fixture)
  const next = await fixture.registry.prepareKey(id)
  t.deepEqual(fixture.registry.keysOf(id), ['key-of-worker-1', next])
  fixture.clock.advance(1000)
  const { node } = await fixture.registry.update(id, { apiKey: 'key-given-by-hand' })
  t.false(await fixture.registry.promoteKey(id, next), 'the earlier next key is void')
  t.deepEqual(fixture.registry.keysOf(id), ['key-given-by-hand'])
  const again = await fixture.restart()
  await again.registry.start()
  t.deepEqual(again.registry.keysOf(id), ['key-given-by-hand'])
  t.deepEqual(again.registry.get(id).keyChangedAt, node.keyChangedAt)
  t.deepEqual(node.keyChangedAt, fixture.clock.now())
})

test('the former key stays valid for a minute after it is replaced', async (t) => {
  const fixture = await startedRegistry(t)
  const { id } = await onlineNode(fixture)
  const next = await fixture.registry.prepareKey(id)
  t.is(await fixture.registry.prepareKey(id), next, 'an unfinished change continues')
  t.true(await fixture.registry.promoteKey(id, next))
  t.deepEqual(fixture.registry.keysOf(id), [next, 'key-of-worker-1'])
  fixture.clock.advance(59_999)
  t.is(fixture.registry.keysOf(id).length, 2)
  fixture.clock.advance(1)
  t.deepEqual(fixture.registry.keysOf(id), [next])
  t.deepEqual(await restarted(t, fixture, id), [next])
})

test('the next key is on disk, sealed, before anyone gets it', async (t) => {
  const fixture = await startedRegistry(t)
  const { id } = await onlineNode(fixture)
  const next = await fixture.registry.prepareKey(id)
  const [row] = await fixture.database.em
    .getConnection()
    .execute<{ next_api_key: string }[]>('select next_api_key from nodes where id = ?', [id])
  t.regex(row?.next_api_key ?? '', /^v1\./)
  // A power cut can lose the write-ahead log, so the key must be in the main file.
  t.true(readFileSync(fixture.path, 'latin1').includes(row?.next_api_key ?? 'missing'))
  t.deepEqual(await restarted(t, fixture, id), ['key-of-worker-1', next])
})

test('a key that could not be written is not used', async (t) => {
  const fixture = await startedRegistry(t)
  const { id } = await onlineNode(fixture)
  const { registry } = fixture
  await registry.flush()
  const fail = (column: string) =>
    `create trigger full_${column} before update of ${column} on nodes begin select raise(abort, 'disk is full'); end`
  const connection = fixture.database.em.getConnection()
  await connection.execute(fail('next_api_key'))
  await t.throwsAsync(registry.prepareKey(id), { message: /disk is full/ })
  t.deepEqual(registry.keysOf(id), ['key-of-worker-1'])
  await connection.execute('drop trigger full_next_api_key')
  const next = await registry.prepareKey(id)
  await connection.execute(fail('api_key'))
  await t.throwsAsync(registry.promoteKey(id, next), { message: /disk is full/ })
  t.deepEqual(registry.keysOf(id), ['key-of-worker-1', next])
  await t.throwsAsync(registry.update(id, { apiKey: 'key-given-by-hand' }), { message: /disk is full/ })
  t.deepEqual(registry.keysOf(id), ['key-of-worker-1', next])
})

const step = fc.constantFrom('prepare', 'promote', 'drop', 'by hand', 'rename')

test('after any concurrent changes, a restart finds the keys that were in use', async (t) => {
  const fixture = await startedRegistry(t)
  let count = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 12 }), async (steps) => {
      const { registry } = fixture
      count += 1
      const name = `worker-${count}`
      const { id } = await registry.register(nodeInput(name))
      const next = () => registry.keysOf(id)[1] ?? ''
      const act = {
        prepare: () => registry.prepareKey(id),
        promote: () => registry.promoteKey(id, next()),
        drop: () => registry.dropNextKey(id, next()),
        'by hand': () => registry.update(id, { apiKey: `by-hand-${randomUUID()}` }),
        rename: () => registry.update(id, { name: `${name}-renamed` }),
      }
      await Promise.all(steps.map((name) => act[name]()))
      fixture.clock.advance(60_000)
      const known = { keys: registry.keysOf(id), at: registry.get(id).keyChangedAt }
      const rows = await fixture.database.em
        .getConnection()
        .execute<{ api_key: string; next_api_key: string; key_changed_at: number }[]>('select * from nodes where id = ?', [id])
      const open = (sealed: string): string[] => (sealed === '' ? [] : [fixture.open(sealed, id)])
      const [row] = rows
      t.deepEqual([...open(row?.api_key ?? ''), ...open(row?.next_api_key ?? '')], known.keys, steps.join(', '))
      t.deepEqual(new Date(row?.key_changed_at ?? 0), known.at)
      await registry.remove(id)
    }),
    { numRuns: 60 },
  )
})
