import test from 'ava'
import { createTokenBucket, perNode } from '../../../api/cluster/limits/token-bucket.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'

test('allows a burst at once, then a rate per second, and never more than the burst', (t) => {
  const clock = createManualClock()
  const { take, waitMs } = createTokenBucket({ perSecond: 2, burst: 10 }, clock)
  t.true(take(10))
  t.false(take())
  t.is(waitMs(), 500)
  clock.advance(499)
  t.false(take())
  clock.advance(1)
  t.true(take())
  clock.advance(60_000)
  t.is(waitMs(10), 0)
  t.false(take(11))
  t.true(take(10), 'a refusal takes nothing')
  t.is(waitMs(100), 5000, 'more than the burst is never available, so the wait is for the burst')
})

test('giving back counts, up to the burst; a clock that is set back neither grants nor takes anything', (t) => {
  const clock = createManualClock()
  const { take, giveBack, waitMs } = createTokenBucket({ perSecond: 1, burst: 5 }, clock)
  t.true(take(5))
  giveBack(2)
  t.true(take(2))
  giveBack()
  t.true(take())
  giveBack(50)
  t.false(take(6))
  t.true(take(5))
  clock.set(-60_000)
  t.false(take())
  clock.advance(1000)
  t.true(take())
  t.is(waitMs(2), 2000)
})

test('each node has its own quota until it is removed', (t) => {
  let made = 0
  const { of, forget } = perNode(() => ({ number: ++made }))
  t.is(of('a').number, 1)
  t.is(of('b').number, 2)
  t.is(of('a').number, 1)
  forget('a')
  t.is(of('a').number, 3)
})
