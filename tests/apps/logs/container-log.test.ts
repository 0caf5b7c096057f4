import test from 'ava'
import type { LogLine, LogRange } from '../../../api/apps/logs/log-line.ts'
import { readContainer } from '../../../api/apps/logs/container-log.ts'
import type { EngineLogBatch, EngineLogOptions } from '../../../api/docker/engine.types.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'
import { logLine, logRange, logTime, range } from '../../helpers/log-lines.ts'

const container = logLine(0).container

/** An Engine whose container has these lines, and writes more while it is read without an end. */
function engine(lines: LogLine[], endless = false) {
  const opened: Pick<EngineLogOptions, 'tail' | 'since'>[] = []
  let sent = 0
  async function* read(_id: string, { tail, since, choose }: EngineLogOptions, signal: AbortSignal): AsyncGenerator<EngineLogBatch> {
    opened.push({ tail, since })
    const there = lines.filter(({ at }) => since === null || (at ?? '') >= since)
    const chosen = tail === null ? there : there.slice(-tail)
    for (let index = 0; index < chosen.length || endless; index += 1) {
      if (signal.aborted) return
      const { stream, at, nth, text } = chosen[index] ?? logLine(lines.length + index)
      sent += 1
      const verdict = choose({ stream, at, nth }, text.length)
      if (verdict === 'read') yield { lines: [{ stream, at, nth, text }], skipped: 0, passed: [] }
    }
  }
  return { opened, read, sent: () => sent }
}

async function textsOf(from: ReturnType<typeof engine>, asked: Partial<LogRange>): Promise<string[]> {
  const deps = {
    ...{ logs: { read: from.read }, details: async () => null, containersChanged: async () => undefined, spend: () => true },
    clock: createManualClock(),
  }
  const texts: string[] = []
  for await (const { lines } of readContainer(deps, { id: container, service: null }, logRange(asked), new AbortController().signal))
    texts.push(...lines.map(({ text }) => text))
  return texts
}

test('who goes on reads from the end of a log, and further back only until that joins', async (t) => {
  const lines = range(0, 60_000).map((n) => logLine(n))
  const near = engine(lines)
  t.deepEqual(await textsOf(near, { after: [logLine(59_998)] }), ['line 59999'])
  t.deepEqual(near.opened, [{ tail: 1000, since: null }])

  const far = engine(lines)
  t.is((await textsOf(far, { after: [logLine(50_000)] })).length, 9999)
  t.deepEqual(
    far.opened.map(({ tail }) => tail),
    [1000, 50_000],
  )

  // Nothing of this log is as old as what was read: it was cut off, as Docker does with large ones.
  const cut = engine(lines.slice(20_000))
  t.is((await textsOf(cut, { after: [logLine(10_000)] })).length, 40_000)
  t.deepEqual(cut.opened.at(-1), { tail: null, since: logTime(8000) })
})

test('two lines of one moment are told apart also where the end of the log begins between them', async (t) => {
  const same = range(0, 1200).map((nth) => logLine(0, { nth, text: `line ${nth}` }))
  // Read from its end, the first of these lines would be counted as number 0.
  const renumbered = engine(same)
  const { after } = logRange({ after: [logLine(0, { nth: 1100 })] })
  t.deepEqual((await textsOf(renumbered, { after })).length, 99)
  t.is(renumbered.opened[0]?.tail, 1000)
  t.not(renumbered.opened.at(-1)?.tail, 1000)
})

test('a log that is written faster than it is read ends where it was asked to', async (t) => {
  const firehose = engine(
    range(0, 100).map((n) => logLine(n)),
    true,
  )
  t.deepEqual(await textsOf(firehose, { after: [logLine(97)], upTo: [logLine(99)], follow: false }), ['line 98', 'line 99'])
  t.true(firehose.sent() < 200)
})
