import { setImmediate as eventLoopTurn } from 'node:timers/promises'
import test from 'ava'
import { nextTurn } from '../../../api/cluster/limits/event-loop-turns.ts'

test.serial('runs one piece of work per turn of the event loop, in order, and lets other work run in between', async (t) => {
  const done: string[] = []
  const work = async (name: string): Promise<void> => {
    for (const piece of [1, 2]) {
      await nextTurn()
      done.push(`${name}${piece}`)
    }
  }
  const all = Promise.all(['a', 'b', 'c'].map(work))
  const other = (async () => {
    for (const piece of [1, 2, 3]) {
      await eventLoopTurn()
      done.push(`other${piece}`)
    }
  })()
  await Promise.all([all, other])
  t.deepEqual(done, ['a1', 'other1', 'b1', 'other2', 'c1', 'other3', 'a2', 'b2', 'c2'])
})
