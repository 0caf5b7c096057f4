import test from 'ava'
import { cronFault, previewOf } from '../../../frontend/src/utils/apps/schedule-preview.ts'
import { cronOf, cronWords, dailyTimeOf, runWords } from '../../../frontend/src/utils/apps/schedule-words.ts'

test('says a usual expression in words, and shows any other as it is', (t) => {
  t.is(cronWords('0 3 * * *'), 'every day at 03:00')
  t.is(cronWords('5 8 * * 1-5'), 'Monday to Friday at 08:05')
  for (const other of ['*/5 * * * *', '0 3 1 * *', '0 25 * * *', '60 3 * * *', '0 3 * * 1,3', 'nonsense']) {
    t.is(dailyTimeOf(other), undefined)
    t.is(cronWords(other), other)
  }
})

test('makes the expression that it reads back', (t) => {
  t.is(cronOf({ days: '1-5', time: '08:00' }), '0 8 * * 1-5')
  t.deepEqual(dailyTimeOf(cronOf({ days: '0', time: '23:59' })), { days: '0', time: '23:59' })
})

test('previews the next five times on the clock of their zone, over the end of summer time', (t) => {
  const times = previewOf({ cron: '0 3 * * *', timeZone: 'Europe/Berlin' }, new Date('2026-10-23T12:00:00Z'))
  t.is(times.length, 5)
  t.deepEqual(times.slice(0, 2), ['2026-10-24T01:00:00.000Z', '2026-10-25T02:00:00.000Z'])
  t.deepEqual(
    times.slice(0, 2).map((at) => runWords(at, 'Europe/Berlin')),
    ['Sat, Oct 24, 03:00', 'Sun, Oct 25, 03:00'],
  )
})

test('previews nothing for what is not an expression or a zone', (t) => {
  const now = new Date('2026-10-23T12:00:00Z')
  t.deepEqual(previewOf({ cron: '0 25 * * *', timeZone: 'UTC' }, now), [])
  t.deepEqual(previewOf({ cron: '0 3 * * *', timeZone: 'Nowhere/Town' }, now), [])
  t.regex(cronFault('0 25 * * *', now) ?? '', /25/)
  t.regex(runWords(now, 'Nowhere/Town'), /Oct 23/)
})
