import test from 'ava'
import fc from 'fast-check'
import { createEventHub, snapshotThenChanges } from '../api/events.ts'

interface Value {
  key: string
  version: number
}

/** A source that holds the newest version of each key. */
function source(keys: string[] = []) {
  const hub = createEventHub<{ change: Value }>()
  const state = new Map(keys.map((key) => [key, { key, version: 0 }]))
  return {
    listeners: () => hub.listenerCount('change'),
    state,
    change(key: string): void {
      const value = { key, version: (state.get(key)?.version ?? -1) + 1 }
      state.set(key, value)
      hub.emit('change', value)
    },
    open: (isLast?: (value: Value) => boolean) =>
      snapshotThenChanges<Value>({
        snapshot: () => [...state.values()],
        subscribe: (push) => hub.on('change', push),
        keyOf: ({ key }) => key,
        ...(isLast ? { isLast } : {}),
      }),
  }
}

test('the current state comes first, then each change', async (t) => {
  const { open, change } = source(['a', 'b'])
  const stream = open()
  t.deepEqual((await stream.next()).value, { key: 'a', version: 0 })
  t.deepEqual((await stream.next()).value, { key: 'b', version: 0 })
  const waiting = stream.next()
  change('a')
  t.deepEqual((await waiting).value, { key: 'a', version: 1 })
})

test('subscribes at the first read and unsubscribes after the last', async (t) => {
  const { open, listeners } = source(['a'])
  const stream = open()
  t.is(listeners(), 0)
  await stream.next()
  t.is(listeners(), 1)
  await stream.return?.()
  t.is(listeners(), 0)
  t.deepEqual(await stream.next(), { value: undefined, done: true })
  t.is(listeners(), 0)
})

test('return ends a waiting read', async (t) => {
  const { open, listeners } = source()
  const stream = open()
  const waiting = stream.next()
  t.is(listeners(), 1)
  await stream.return?.()
  t.deepEqual(await waiting, { value: undefined, done: true })
  t.is(listeners(), 0)
})

test('return before the first read leaves nothing behind', async (t) => {
  const { open, listeners } = source(['a'])
  const stream = open()
  await stream.return?.()
  t.true((await stream.next()).done)
  t.is(listeners(), 0)
})

test('a reader that fails ends the stream', async (t) => {
  const { open, listeners } = source(['a'])
  const stream = open()
  await stream.next()
  await t.throwsAsync(async () => stream.throw?.(new Error('reader')), { message: 'reader' })
  t.is(listeners(), 0)
})

test('the last value ends the stream, even if it is there from the start', async (t) => {
  const { open, change, listeners } = source(['a'])
  const stream = open(({ version }) => version === 1)
  t.deepEqual((await stream.next()).value, { key: 'a', version: 0 })
  change('a')
  t.deepEqual(await stream.next(), { value: { key: 'a', version: 1 }, done: false })
  t.is(listeners(), 0)
  t.true((await stream.next()).done)

  const late = open(({ version }) => version === 1)
  t.deepEqual(await late.next(), { value: { key: 'a', version: 1 }, done: false })
  t.true((await late.next()).done)
  t.is(listeners(), 0)
})

test('a slow reader gets the newest value of each key, once', async (t) => {
  const { open, change } = source(['a', 'b'])
  const stream = open()
  await stream.next()
  await stream.next()
  for (let round = 0; round < 1000; round++) for (const key of ['a', 'b']) change(key)
  t.deepEqual((await stream.next()).value, { key: 'a', version: 1000 })
  t.deepEqual((await stream.next()).value, { key: 'b', version: 1000 })
  const waiting = stream.next()
  change('b')
  t.deepEqual((await waiting).value, { key: 'b', version: 1001 })
})

test('two reads at once get one value each', async (t) => {
  const { open, change } = source()
  const stream = open()
  const both = Promise.all([stream.next(), stream.next()])
  change('a')
  change('b')
  t.deepEqual((await both).map(({ value }) => value?.key).toSorted(), ['a', 'b'])
})

type Step = { do: 'change'; key: string } | { do: 'read' } | { do: 'wait' }

const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('change' as const), key: fc.constantFrom('a', 'b', 'c', 'd') }),
    fc.record({ do: fc.constant('read' as const) }),
    fc.record({ do: fc.constant('wait' as const) }),
  ),
  { maxLength: 60 },
)

test('property: in any order of changes and reads, nothing is lost, repeated, out of order or left behind', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd')), steps, async (keys, plan: Step[]) => {
      const { open, change, state, listeners } = source(keys)
      const stream = open()
      const seen: Value[] = []
      const reads: Promise<void>[] = []
      const read = (): void => void reads.push(stream.next().then(({ value, done }) => void (!done && seen.push(value))))
      read()
      for (const step of plan) {
        if (step.do === 'change') change(step.key)
        else if (step.do === 'read') read()
        else await Promise.resolve()
      }
      // Enough reads for everything that can still be waiting. Extra reads end with the stream.
      for (let rest = 0; rest < 4; rest++) read()
      await new Promise((resolve) => setImmediate(resolve))
      await stream.return?.()
      await Promise.all(reads)

      for (const key of state.keys()) {
        const versions = seen.filter((value) => value.key === key).map(({ version }) => version)
        t.deepEqual(
          versions,
          [...new Set(versions)].toSorted((a, b) => a - b),
          'each once, in order',
        )
        t.is(versions.at(-1), state.get(key)?.version, 'the newest version arrived')
      }
      t.is(listeners(), 0)
    }),
    { numRuns: 300 },
  )
})
