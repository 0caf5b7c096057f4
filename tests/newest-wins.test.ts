import test from 'ava'
import { createNewestWins } from '../api/newest-wins.ts'

/** Goes on until it is ended. */
const endless = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('ended'))))

test('a newer run ends the older one of the same key', async (t) => {
  const run = createNewestWins()
  const older = run('a', undefined, endless)
  const other = run('b', undefined, async () => 'other')
  t.is(await run('a', undefined, async () => 'newer'), 'newer')
  await t.throwsAsync(older, { code: 'CONFLICT', message: /newer/ })
  t.is(await other, 'other')
})

test('a run ends when its caller leaves, with its own error', async (t) => {
  const run = createNewestWins()
  const caller = new AbortController()
  const left = run('a', caller.signal, endless)
  caller.abort()
  await t.throwsAsync(left, { message: 'ended' })
})

test('a run that ended does not end a later one', async (t) => {
  const run = createNewestWins()
  t.is(await run('a', undefined, async () => 1), 1)
  t.is(await run('a', undefined, async (signal) => (signal.aborted ? 0 : 2)), 2)
})
