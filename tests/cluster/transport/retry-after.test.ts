import test from 'ava'
import { retryAfterMsOf } from '../../../api/cluster/transport/retry-after.ts'

test('reads seconds and dates, never longer than ten minutes; anything else says nothing', (t) => {
  const date = 'Mon, 23 Nov 2026 12:00:00 GMT'
  const inMs = (said: string | undefined, more = {}) => retryAfterMsOf({ 'retry-after': said, ...more })
  t.is(inMs('0'), 0)
  t.is(inMs('30'), 30_000)
  t.is(inMs('601'), 600_000)
  t.is(inMs('Mon, 23 Nov 2026 12:00:30 GMT', { date }), 30_000)
  t.is(inMs('Tue, 24 Nov 2026 12:00:00 GMT', { date }), 600_000)
  for (const [said, more] of [
    [undefined],
    ['-1'],
    ['soon'],
    ['soon', { date }],
    ['Mon, 23 Nov 2026 12:00:30 GMT'],
    ['Mon, 23 Nov 2026 11:59:00 GMT', { date }],
  ] as const)
    t.is(inMs(said, more), undefined, said)
})
