import test from 'ava'
import { createFrameReader, createLogLines, createTerminalReader } from '../../api/docker/log-lines.ts'
import type { EngineLogBatch, EngineLogOptions } from '../../api/docker/engine.types.ts'

const at = (nanoseconds: number): string => `2026-01-26T20:00:00.${String(nanoseconds).padStart(9, '0')}Z`
const stamped = (nanoseconds: number, text: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${at(nanoseconds)} `), Buffer.from(text)])

function frame(stream: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(8)
  header[0] = stream
  header.writeUInt32BE(payload.length, 4)
  return Buffer.concat([header, payload])
}

/** Reads these bytes in chunks of a size. */
function read(bytes: Buffer, size: number, make: typeof createFrameReader, choose: EngineLogOptions['choose'] = () => 'read') {
  const lines = createLogLines(choose)
  const push = make(lines)
  const batches: EngineLogBatch[] = []
  for (let from = 0; from < bytes.length; from += size) {
    push(bytes.subarray(from, from + size))
    batches.push(lines.take() ?? { lines: [], skipped: 0, passed: [] })
  }
  return {
    lines: batches.flatMap((batch) => batch.lines),
    skipped: batches.reduce((sum, batch) => sum + batch.skipped, 0),
    passed: batches.flatMap((batch) => batch.passed),
  }
}

test('reads frames whose bytes arrive in chunks of any size, with both streams, colors and empty lines', (t) => {
  const bytes = Buffer.concat([
    frame(1, stamped(1, 'grüße \u001b[31mred\u001b[0m\n')),
    frame(2, stamped(2, 'warning\r\n')),
    frame(1, stamped(2, '\n')),
    frame(1, stamped(2, 'same moment\n')),
  ])
  const expected = [
    { stream: 'stdout', at: at(1), nth: 0, text: 'grüße \u001b[31mred\u001b[0m' },
    { stream: 'stderr', at: at(2), nth: 0, text: 'warning' },
    { stream: 'stdout', at: at(2), nth: 0, text: '' },
    { stream: 'stdout', at: at(2), nth: 1, text: 'same moment' },
  ]
  for (let size = 1; size <= bytes.length; size += 1) t.deepEqual(read(bytes, size, createFrameReader).lines, expected as never, `${size}`)
})

test('reads what a terminal prints in chunks of any size', (t) => {
  const bytes = Buffer.concat([stamped(1, 'one\r\n'), stamped(2, 'zwei ü\r\n'), stamped(3, 'three')])
  for (let size = 1; size <= bytes.length; size += 1) {
    const { lines } = read(bytes, size, createTerminalReader)
    t.deepEqual(
      lines.map((line) => `${line.at} ${line.text}`),
      [`${at(1)} one`, `${at(2)} zwei ü`],
      `${size}: the third has no end yet`,
    )
  }
})

test('puts together a line that Docker stored in pieces, and cuts it with its length', (t) => {
  const text = 'ä'.repeat(512 * 1024)
  const whole = Buffer.from(text)
  const pieces: Buffer[] = []
  for (let from = 0; from < whole.length; from += 16384)
    pieces.push(Buffer.concat([whole.subarray(from, from + 16384), Buffer.from(from + 16384 >= whole.length ? '\n' : '')]))
  const frames = Buffer.concat(pieces.map((piece, index) => frame(1, stamped(index, piece))))
  const terminal = Buffer.concat(pieces.map((piece, index) => stamped(index, piece)))
  for (const [bytes, make] of [
    [frames, createFrameReader],
    [terminal, createTerminalReader],
  ] as const)
    for (const size of [1000, 65536, bytes.length]) {
      const { lines } = read(bytes, size, make)
      t.is(lines.length, 1)
      t.is(lines[0]?.at, at(0))
      t.is(lines[0]?.text, `${'ä'.repeat(8192)}… [cut here: the line has ${whole.length} bytes]`)
    }
})

test('replaces bytes that are not UTF-8 and does not cut within a character', (t) => {
  const binary = Buffer.from([0xff, 0xfe, 0x00, 0x41, 0x0a])
  t.is(read(frame(1, stamped(1, binary)), 7, createFrameReader).lines[0]?.text, '\ufffd\ufffd\u0000A')
  const odd = Buffer.concat([Buffer.from('x'), Buffer.from('ä'.repeat(10_000)), Buffer.from('\n')])
  t.regex(
    read(frame(1, stamped(1, odd)), 999, createFrameReader).lines[0]?.text ?? '',
    /^xä{8191}… \[cut here: the line has 20001 bytes\]$/,
  )
})

test('counts lines without reading them, and says how far they reach', (t) => {
  const bytes = Buffer.concat([1, 2, 3, 4].map((n) => frame(n % 2 === 0 ? 2 : 1, stamped(n, `line ${n}\n`))))
  const { lines, skipped, passed } = read(bytes, bytes.length, createFrameReader, ({ at: when }) =>
    when === at(4) ? 'read' : when === at(1) ? 'ignore' : 'count',
  )
  t.deepEqual([lines.map(({ text }) => text), skipped], [['line 4'], 2])
  t.deepEqual(
    passed.map(({ stream, at: when }) => `${stream} ${when}`),
    [`stderr ${at(2)}`, `stdout ${at(3)}`],
  )
})

test('turns the time of another zone into UTC, and passes on what the Engine says went wrong', (t) => {
  const local = frame(1, Buffer.from('2026-01-26T22:00:00.123456789+02:00 hello\n'))
  t.like(read(local, local.length, createFrameReader).lines[0], { at: '2026-01-26T20:00:00.123456789Z', text: 'hello' })
  t.like(read(frame(1, Buffer.from('no time\n')), 3, createFrameReader).lines[0], { at: null, text: 'no time' })
  t.throws(() => read(frame(3, Buffer.from('Error grabbing logs: unexpected EOF')), 5, createFrameReader), { message: /unexpected EOF/ })
  t.throws(() => read(Buffer.from('plain text, no frames'), 9, createFrameReader), { message: /not in the form/ })
})
