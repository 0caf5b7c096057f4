import test from 'ava'
import fc from 'fast-check'
import { uptime, type Period, type Turn } from '../../api/nodes/uptime.ts'

const longest = 60
const moment = fc.integer({ min: 0, max: longest })

/** In the order of their times. */
const turns: fc.Arbitrary<Turn[]> = fc
  .array(fc.record({ at: moment, online: fc.boolean() }), { maxLength: 12 })
  .map((all) => all.toSorted((a, b) => a.at - b.at))
/** As after a clock was put to and fro. */
const turnsOfAnyClock: fc.Arbitrary<Turn[]> = fc.array(fc.record({ at: moment, online: fc.boolean() }), { maxLength: 12 })
/** Ascending, without overlaps. */
const observed: fc.Arbitrary<Period[]> = fc.uniqueArray(moment, { maxLength: 10 }).map((all) => {
  const sorted = all.toSorted((a, b) => a - b)
  return sorted.flatMap((from, index) =>
    index % 2 === 0 && sorted[index + 1] !== undefined ? { from, until: sorted[index + 1] ?? from } : [],
  )
})
const period: fc.Arbitrary<Period> = fc.tuple(moment, moment).map(([a, b]) => ({ from: Math.min(a, b), until: Math.max(a, b) }))

/** The same by asking at every moment. */
function byMoments(all: Turn[], seen: Period[], window: Period): { known: number; online: number } {
  let [known, online] = [0, 0]
  for (let now = window.from; now < window.until; now++) {
    const last = all.findLast(({ at }) => at <= now)
    if (!last || !seen.some(({ from, until }) => from <= now && now < until)) continue
    known++
    if (last.online) online++
  }
  return { known, online }
}

const share = ({ known, online }: { known: number; online: number }) => ({ share: known === 0 ? null : online / known, observedMs: known })

test('it is the share of the observed moments at which the last word was "online"', (t) => {
  fc.assert(
    fc.property(turns, observed, period, (all, seen, window) =>
      t.deepEqual(uptime(all, seen, window), share(byMoments(all, seen, window))),
    ),
  )
})

test('after a clock was put back the later word counts, of every moment once', (t) => {
  fc.assert(
    fc.property(turnsOfAnyClock, observed, period, (all, seen, window) => {
      // A later word on an earlier moment takes back all that was said of the time after it.
      const words = all.filter(({ at }, index) => all.slice(index + 1).every((later) => later.at > at))
      t.deepEqual(uptime(all, seen, window), share(byMoments(words, seen, window)))
    }),
  )
})

test('two windows side by side are the one that they make together', (t) => {
  fc.assert(
    fc.property(turns, observed, period, moment, (all, seen, { from, until }, at) => {
      const middle = Math.max(from, Math.min(until, at))
      const weigh = (window: Period) => ({ value: uptime(all, seen, window).share, weight: byMoments(all, seen, window).known })
      const [first, second, whole] = [
        { from, until: middle },
        { from: middle, until },
        { from, until },
      ].map(weigh)
      const sum = (first?.value ?? 0) * (first?.weight ?? 0) + (second?.value ?? 0) * (second?.weight ?? 0)
      t.true(Math.abs(sum - (whole?.value ?? 0) * (whole?.weight ?? 0)) < 1e-9)
    }),
  )
})

test('a gap counts neither way: what happened in it changes nothing', (t) => {
  fc.assert(
    fc.property(turns, turns, observed, period, (all, others, seen, gap) => {
      const around = seen.flatMap(({ from, until }) => [
        { from, until: Math.min(until, gap.from) },
        { from: Math.max(from, gap.until), until },
      ])
      const rest = around.filter(({ from, until }) => from < until)
      const held = all.findLast(({ at }) => at <= gap.until)
      const before = all.filter(({ at }) => at <= gap.from)
      const within = others.filter(({ at }) => at > gap.from && at < gap.until)
      const after = all.filter(({ at }) => at > gap.until)
      const eventful = [...before, ...within, ...(held ? [{ at: gap.until, online: held.online }] : []), ...after]
      const window = { from: 0, until: longest }
      // A node that was first heard of within the gap is known after it.
      if (held) t.deepEqual(uptime(eventful, rest, window), uptime(all, rest, window))
    }),
  )
})

test('who was never heard of, or never watched, has none; who was always online has 1', (t) => {
  const window = { from: 10, until: 20 }
  t.is(uptime([], [window], window).share, null)
  t.is(uptime([{ at: 0, online: true }], [], window).share, null)
  t.is(uptime([{ at: 20, online: true }], [window], window).share, null)
  t.is(uptime([{ at: 0, online: true }], [{ from: 0, until: 100 }], window).share, 1)
  t.is(uptime([{ at: 0, online: false }], [{ from: 0, until: 100 }], window).share, 0)
  t.is(uptime([{ at: 15, online: true }], [window], window).share, 1, 'only since it is registered')
})
