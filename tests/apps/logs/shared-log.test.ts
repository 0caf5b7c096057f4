import test from 'ava'
import type { LogBatch, LogItem, LogRange } from '../../../api/apps/logs/log-line.ts'
import { createLogMarks } from '../../../api/apps/logs/log-marks.ts'
import { createSharedLog } from '../../../api/apps/logs/shared-log.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'
import { logBatch, logLine, logRange, range } from '../../helpers/log-lines.ts'
import { until } from '../../helpers/until.ts'

/** A log that the test writes, with a reader for each time that it is opened. */
function source(start: number) {
  let written = range(0, start).map((n) => logLine(n))
  const opened: LogRange[] = []
  let push: (batch: LogBatch | Error | null) => void = () => undefined

  async function* read(asked: LogRange): AsyncGenerator<LogBatch> {
    opened.push(asked)
    const seen = createLogMarks(asked.after ?? [])
    const there = written.filter((line) => !asked.after || seen.isBeyond(line))
    yield logBatch(asked.tail === null ? there : there.slice(-asked.tail))
    while (asked.follow) {
      const next = await new Promise<LogBatch | Error | null>((resolve) => (push = resolve))
      if (next instanceof Error) throw next
      if (next === null) return
      yield next
    }
  }
  return {
    opened,
    read,
    write(from: number, to: number, skipped = 0): void {
      const lines = range(from, to).map((n) => logLine(n))
      written = [...written, ...lines]
      push(logBatch(lines, skipped))
    },
    unheard: (from: number, to: number): void => void (written = [...written, ...range(from, to).map((n) => logLine(n))]),
    end: (how: Error | null): void => push(how),
  }
}

function ground(start: number, onEnd: () => Promise<'again' | 'over'> = async () => 'again') {
  const log = source(start)
  const clock = createManualClock()
  let closed = 0
  const shared = createSharedLog({ read: log.read, onEnd, onClosed: () => (closed += 1), clock })
  return { log, clock, shared, closed: () => closed }
}

const most = { lines: 100_000, bytes: 2 ** 30 }
const texts = (items: LogItem[]): string[] => items.flatMap(({ line }) => line?.text ?? [])
const named = (from: number, to: number): string[] => range(from, to).map((n) => `line ${n}`)
const skippedIn = (items: LogItem[]): number => items.reduce((sum, { skipped }) => sum + skipped, 0)
const nothing = (): void => undefined

test('is followed once for all readers, and a late one gets its tail without another read', async (t) => {
  const { log, shared } = ground(300)
  const first = await shared.tap(logRange({ tail: 250 }), nothing)
  t.deepEqual(
    first.past.lines.map(({ text }) => text),
    named(50, 300),
  )
  await until(() => log.opened.length === 2)
  log.write(300, 310)
  await until(() => texts(first.take(most)).length === 10)
  const second = await shared.tap(logRange({ tail: 20 }), nothing)
  t.deepEqual(
    second.past.lines.map(({ text }) => text),
    named(290, 310),
  )
  t.is(log.opened.length, 2, 'one read of what was there, and one that follows')
  const third = await shared.tap(logRange({ tail: 305 }), nothing)
  t.deepEqual(
    third.past.lines.map(({ text }) => text),
    named(5, 310),
  )
  t.is(log.opened.length, 3, 'only what is no longer here is read again')
  log.write(310, 312)
  for (const tap of [first, second, third]) await until(() => texts(tap.take(most)).join() === 'line 310,line 311')
})

test('goes on after a loss without holes or repeats', async (t) => {
  const { log, shared } = ground(5)
  const tap = await shared.tap(logRange(), nothing)
  const seen: string[] = []
  const sees = (count: number): Promise<void> =>
    until(() => {
      seen.push(...texts(tap.take(most)))
      return seen.length >= count
    })
  await until(() => log.opened.length === 2)
  log.write(5, 8)
  await sees(3)
  log.unheard(8, 12)
  log.end(new Error('connection reset'))
  await until(() => log.opened.length === 3)
  await sees(7)
  log.end(null)
  log.unheard(12, 14)
  await until(() => log.opened.length === 4)
  await sees(9)
  t.deepEqual(seen, named(5, 14))
})

test('what a slow reader misses is counted exactly, and costs no more than the ring', async (t) => {
  const { log, shared } = ground(0)
  const slow = await shared.tap(logRange(), nothing)
  const quick = await shared.tap(logRange(), nothing)
  await until(() => log.opened.length === 2)
  let got = 0
  let counted = 0
  for (const n of range(0, 40)) {
    log.write(n * 1000, (n + 1) * 1000, n % 2)
    await until(() => {
      const items = quick.take(most)
      got += texts(items).length
      counted += skippedIn(items)
      return got + counted >= (n + 1) * 1000 + Math.ceil(n / 2)
    })
  }
  t.deepEqual([got, counted], [40_000, 20])
  const items = slow.take(most)
  t.is(texts(items).length + skippedIn(items), 40_020)
  t.is(texts(items).length, 10_000, 'the ring')
  t.is(texts(items).at(-1), 'line 39999')
  t.deepEqual(slow.take(most), [])
})

test('a reader that comes back goes on where it was, from the ring if it is there', async (t) => {
  const { log, shared } = ground(10)
  const first = await shared.tap(logRange(), nothing)
  await until(() => log.opened.length === 2)
  log.write(10, 20)
  await until(() => texts(first.take(most)).length === 10)
  const back = await shared.tap(logRange({ after: [logLine(14)] }), nothing)
  t.deepEqual([back.past.lines, texts(back.take(most))], [[], named(15, 20)])
  t.is(log.opened.length, 2)
  // Older than anything in the ring of this reader.
  const old = await shared.tap(logRange({ after: [logLine(-5)] }), nothing)
  t.deepEqual(
    old.past.lines.map(({ text }) => text),
    named(0, 20),
  )
})

test('ends for its readers when it is over, when it fails, and some seconds after the last one left', async (t) => {
  const over = ground(1, async () => 'over')
  const tap = await over.shared.tap(logRange(), nothing)
  await until(() => over.log.opened.length === 2)
  t.false(tap.isOver())
  over.log.end(null)
  await until(() => tap.isOver())

  const failing = ground(1, async () => {
    throw new Error('the node is offline')
  })
  const failed = await failing.shared.tap(logRange(), nothing)
  await until(() => failing.log.opened.length === 2)
  failing.log.end(new Error('reset'))
  await until(() => failing.closed() === 1)
  t.throws(() => failed.isOver(), { message: 'the node is offline' })

  const left = ground(1)
  const last = await left.shared.tap(logRange(), nothing)
  last.close()
  left.clock.advance(4000)
  t.is(left.closed(), 0)
  const back = await left.shared.tap(logRange(), nothing)
  left.clock.advance(10_000)
  t.is(left.closed(), 0, 'somebody came back')
  back.close()
  left.clock.advance(5000)
  t.is(left.closed(), 1)
})

test('a source that says where the past ends is read once, for that and for what follows', async (t) => {
  const opened: LogRange[] = []
  let push: (batch: LogBatch) => void = () => undefined
  async function* read(asked: LogRange): AsyncGenerator<LogBatch> {
    opened.push(asked)
    yield logBatch(range(0, 3).map((n) => logLine(n)))
    yield { ...logBatch(range(3, 5).map((n) => logLine(n))), isLastOfPast: true }
    for (;;) yield await new Promise<LogBatch>((resolve) => (push = resolve))
  }
  const clock = createManualClock()
  const shared = createSharedLog({ read, tellsPast: true, onEnd: async () => 'over', onClosed: nothing, clock })
  const tap = await shared.tap(logRange(), nothing)
  t.deepEqual(
    tap.past.lines.map(({ text }) => text),
    named(0, 5),
  )
  const seen: string[] = []
  await until(() => {
    push(logBatch([logLine(5)]))
    seen.push(...texts(tap.take(most)))
    return seen.length > 0
  })
  t.deepEqual([seen, opened.length], [named(5, 6), 1])
})
