import test from 'ava'
import fc from 'fast-check'
import { uptime, type OnlineSwitch, type Period } from '../../../api/cluster/health/uptime-share.ts'

const longest = 60
const moment = fc.integer({ min: 0, max: longest })

/** Sorted by time. */
const switches: fc.Arbitrary<OnlineSwitch[]> = fc
  .array(fc.record({ at: moment, online: fc.boolean() }), { maxLength: 12 })
  .map((all) => all.toSorted((a, b) => a.at - b.at))
/** As after a clock was set back and forth. */
const switchesOfAnyClock: fc.Arbitrary<OnlineSwitch[]> = fc.array(fc.record({ at: moment, online: fc.boolean() }), { maxLength: 12 })
/** Ascending, without overlaps. */
const observed: fc.Arbitrary<Period[]> = fc.uniqueArray(moment, { maxLength: 10 }).map((all) => {
  const sorted = all.toSorted((a, b) => a - b)
  return sorted.flatMap((from, index) =>
    index % 2 === 0 && sorted[index + 1] !== undefined ? { from, until: sorted[index + 1] ?? from } : [],
  )
})
const period: fc.Arbitrary<Period> = fc.tuple(moment, moment).map(([a, b]) => ({ from: Math.min(a, b), until: Math.max(a, b) }))

/** The same, computed by looking at every moment. */
function byMoments(all: OnlineSwitch[], seen: Period[], window: Period): { known: number; online: number } {
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

test('uptime is the share of observed moments whose latest turn was "online"', (t) => {
  fc.assert(
    fc.property(switches, observed, period, (all, seen, window) =>
      t.deepEqual(uptime(all, seen, window), share(byMoments(all, seen, window))),
    ),
  )
})

test('after a clock was set back the later turn counts, and no moment counts twice', (t) => {
  fc.assert(
    fc.property(switchesOfAnyClock, observed, period, (all, seen, window) => {
      // A later turn at an earlier time replaces everything recorded for the time after it.
      const words = all.filter(({ at }, index) => all.slice(index + 1).every((later) => later.at > at))
      t.deepEqual(uptime(all, seen, window), share(byMoments(words, seen, window)))
    }),
  )
})

test('two adjacent windows add up to one', (t) => {
  fc.assert(
    fc.property(switches, observed, period, moment, (all, seen, { from, until }, at) => {
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

test('what happens in a gap does not count', (t) => {
  fc.assert(
    fc.property(switches, switches, observed, period, (all, others, seen, gap) => {
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
      // A node first known within the gap is known after it.
      if (held) t.deepEqual(uptime(eventful, rest, window), uptime(all, rest, window))
    }),
  )
})

test('null for a node never heard or never watched, 1 for one always online', (t) => {
  const window = { from: 10, until: 20 }
  t.is(uptime([], [window], window).share, null)
  t.is(uptime([{ at: 0, online: true }], [], window).share, null)
  t.is(uptime([{ at: 20, online: true }], [window], window).share, null)
  t.is(uptime([{ at: 0, online: true }], [{ from: 0, until: 100 }], window).share, 1)
  t.is(uptime([{ at: 0, online: false }], [{ from: 0, until: 100 }], window).share, 0)
  t.is(uptime([{ at: 15, online: true }], [window], window).share, 1, 'counted only since it was registered')
})
