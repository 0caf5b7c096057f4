import test from 'ava'
import { oneAtATime, oneAtATimePerKey } from '../api/one-at-a-time.ts'

/** Work that ends when told to, and a record of what has started. */
function works() {
  const started: string[] = []
  const ends = new Map<string, PromiseWithResolvers<string>>()
  const work = (name: string) => () => {
    started.push(name)
    const end = Promise.withResolvers<string>()
    ends.set(name, end)
    return end.promise
  }
  const seen = async (...names: string[]): Promise<void> => {
    while (names.some((name) => !started.includes(name))) await Promise.resolve()
  }
  return {
    work,
    started,
    until: seen,
    end: (name: string) => ends.get(name)?.resolve(name),
    fail: (name: string) => ends.get(name)?.reject(new Error(name)),
  }
}

test('work waits for what was asked for earlier, also when that fails', async (t) => {
  const { work, started, until, end, fail } = works()
  const run = oneAtATime()
  const [first, second] = [run(work('first')), run(work('second'))]
  await until('first')
  t.deepEqual(started, ['first'])
  fail('first')
  await t.throwsAsync(first, { message: 'first' })
  await until('second')
  end('second')
  t.is(await second, 'second')
})

test('each key has its own queue, and a key without work is forgotten', async (t) => {
  const { work, started, until, end, fail } = works()
  const { run, size } = oneAtATimePerKey()
  const [a1, a2, b] = [run('a', work('a1')), run('a', work('a2')), run('b', work('b'))]
  await until('a1', 'b')
  t.deepEqual(started, ['a1', 'b'])
  t.is(size(), 2)
  end('b')
  await b
  t.is(size(), 1)
  fail('a1')
  await t.throwsAsync(a1)
  t.is(size(), 1, 'a2 has not ended')
  await until('a2')
  const a3 = run('a', work('a3'))
  end('a2')
  await a2
  await until('a3')
  end('a3')
  await a3
  t.is(size(), 0)
})
