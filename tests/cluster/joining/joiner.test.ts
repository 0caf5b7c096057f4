import { setImmediate as nextTurn } from 'node:timers/promises'
import test from 'ava'
import type { EarlierFailure } from '../../../api/cluster/joining/join-hops.ts'
import { createJoiner, type JoinOutcome } from '../../../api/cluster/joining/joiner.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'
import { recordedLog } from '../../helpers/recorded-log.ts'

const failure = (given: Partial<Extract<JoinOutcome, { kind: 'failed' }>> = {}): JoinOutcome => ({
  ...{ kind: 'failed', hop: 'tcp', reason: 'connection refused', passing: true, retryAfterMs: null },
  ...given,
})
const joined: JoinOutcome = { kind: 'joined', name: 'web-1', primary: 'main', notes: [] }

/** A joiner whose primary answers as the test says, with randomness fixed in the middle. */
function setUp(isMember = false) {
  const clock = createManualClock()
  const { log, lines, messages } = recordedLog()
  const told: EarlierFailure[][] = []
  const seen = { members: 0 }
  const primary = { isMember, answer: joined }
  const joiner = createJoiner({
    primaryUrl: 'http://primary',
    isMember: () => Promise.resolve(primary.isMember),
    join(earlier) {
      told.push(earlier)
      return Promise.resolve(primary.answer)
    },
    onMember: () => void (seen.members += 1),
    clock,
    random: () => 0.5,
    log,
  })
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn += 1) await nextTurn()
  }
  /** Advances to the next attempt. @returns how long that took */
  const nextAttempt = async (): Promise<number | undefined> => {
    const [wait] = clock.waits()
    if (wait !== undefined) clock.advance(wait)
    await settle()
    return wait
  }
  return { joiner, primary, clock, lines, messages, told, seen, settle, nextAttempt }
}

test('a node that the primary already knows does not use its token', async (t) => {
  const { joiner, told, seen, settle, messages } = setUp(true)
  joiner.start()
  await settle()
  t.true(joiner.isDone())
  t.deepEqual([told.length, seen.members, messages()], [0, 1, []])
})

test('an unknown node joins once', async (t) => {
  const { joiner, told, seen, settle, messages, clock } = setUp()
  joiner.start()
  t.false(joiner.isDone())
  await settle()
  joiner.tryNow()
  await settle()
  t.deepEqual([told.length, seen.members, clock.waiting()], [1, 1, 0])
  t.deepEqual(messages(), ['joining primary', 'joined primary'])
})

test('passing failures are retried soon and reported when the primary is reached', async (t) => {
  const { joiner, primary, told, nextAttempt, settle, lines } = setUp()
  primary.answer = failure()
  joiner.start()
  await settle()
  const waits = [await nextAttempt(), await nextAttempt()]
  t.deepEqual(waits, [1500, 2500])
  primary.answer = failure({ hop: 'http', reason: 'answered 502' })
  await nextAttempt()
  primary.answer = joined
  await nextAttempt()
  t.deepEqual(
    told.at(-1)?.map(({ hop, message }) => [hop, message]),
    [
      ['tcp', 'connection refused'],
      ['http', 'answered 502'],
    ],
  )
  const failed = lines.filter(({ msg }) => msg === 'join failed')
  t.deepEqual(
    failed.map(({ hop, reason }) => [hop, reason]),
    [
      ['tcp', 'connection refused'],
      ['http', 'answered 502'],
    ],
    'one line per reason, not per attempt',
  )
})

test('failures that a person has to fix are retried every minute and recover without a restart', async (t) => {
  const { joiner, primary, told, seen, nextAttempt, settle } = setUp()
  primary.answer = failure({ hop: 'token', reason: 'The join token has expired', passing: false })
  joiner.start()
  await settle()
  t.deepEqual([await nextAttempt(), await nextAttempt()], [60_500, 60_500])
  t.deepEqual(told, [[], [], []], 'the primary already knows these')
  primary.answer = joined
  await nextAttempt()
  t.is(seen.members, 1)
})

test('a node registered by hand in the meantime becomes a member', async (t) => {
  const { joiner, primary, told, seen, settle } = setUp()
  primary.answer = failure({ hop: 'token', passing: false })
  joiner.start()
  await settle()
  primary.isMember = true
  joiner.tryNow()
  await settle()
  t.deepEqual([told.length, seen.members], [1, 1])
})

test('Retry-After is honored', async (t) => {
  const { joiner, primary, nextAttempt, settle } = setUp()
  primary.answer = failure({ hop: 'http', retryAfterMs: 7000 })
  joiner.start()
  await settle()
  t.is(await nextAttempt(), 7500)
})

test('only the last ten kinds of failure are reported', async (t) => {
  const { joiner, primary, told, nextAttempt, settle } = setUp()
  primary.answer = failure({ reason: 'reason 0' })
  joiner.start()
  await settle()
  for (let count = 1; count < 30; count += 1) {
    primary.answer = failure({ reason: `reason ${count}` })
    await nextAttempt()
  }
  t.is(told.at(-1)?.length, 10)
  t.is(told.at(-1)?.at(-1)?.message, 'reason 28')
})
