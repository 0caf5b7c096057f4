import { bounds } from '../bounds.ts'
import type { EngineLogBatch, EngineLogOptions, LogPlace } from './engine.types.ts'

const { lineBytes } = bounds.logs
/** Docker stores longer lines in pieces of this many bytes, each with a time of its own. */
const pieceBytes = 16 * 1024
/** The longest time that the Engine writes: with an offset, and the space after it. */
const longestStamp = 36
const [lineFeed, carriageReturn, space, letterT, letterZ] = [10, 13, 32, 84, 90] as const

type Stream = LogPlace['stream']

/** A line whose end has not arrived. Only its first bytes are kept. */
interface Unfinished {
  at: string | null
  head: Buffer
  bytes: number
}

export type LogLines = ReturnType<typeof createLogLines>

/**
 * Puts together lines from the pieces that Docker stores. Any program wrote them: a line can have a megabyte, or be no text at all. Bytes
 * that are not UTF-8 are replaced, and a line that is too long is cut, with its length at its end.
 */
export function createLogLines(choose: EngineLogOptions['choose']) {
  let batch: Pick<EngineLogBatch, 'lines' | 'skipped'> = { lines: [], skipped: 0 }
  const passed = new Map<Stream, LogPlace>()
  const unfinished = new Map<Stream, Unfinished>()
  const last = { stdout: { at: '', nth: 0 }, stderr: { at: '', nth: 0 } }

  function placeOf(stream: Stream, at: string | null): LogPlace {
    const before = last[stream]
    before.nth = at === before.at ? before.nth + 1 : 0
    before.at = at ?? ''
    return { stream, at, nth: before.nth }
  }

  function finish(stream: Stream, at: string | null, head: Buffer, bytes: number): void {
    const place = placeOf(stream, at)
    const verdict = choose(place, bytes)
    if (verdict === 'read') batch.lines.push({ ...place, text: textOf(head, bytes) })
    if (verdict !== 'count') return
    batch.skipped += 1
    passed.set(stream, place)
  }

  return {
    /**
     * @param piece its first bytes, beginning with the time; at least as many as `keptOfPiece`, if it has that many
     * @param bytes how many it has
     */
    add(stream: Stream, piece: Buffer, bytes: number, endsLine: boolean): void {
      const stampBytes = stampLength(piece)
      const text = piece.subarray(stampBytes)
      const textBytes = bytes - stampBytes
      const open = unfinished.get(stream)
      if (!open && endsLine) return finish(stream, stampOf(piece, stampBytes), text, textBytes)
      const head = open ? joined(open.head, text) : Buffer.from(text)
      const line: Unfinished = { at: open ? open.at : stampOf(piece, stampBytes), head, bytes: (open?.bytes ?? 0) + textBytes }
      if (!endsLine) return void unfinished.set(stream, line)
      unfinished.delete(stream)
      finish(stream, line.at, line.head, line.bytes)
    },

    /** What was finished since the last call. Null if nothing was. */
    take(): EngineLogBatch | null {
      if (batch.lines.length === 0 && batch.skipped === 0) return null
      const taken = { ...batch, passed: [...passed.values()] }
      batch = { lines: [], skipped: 0 }
      passed.clear()
      return taken
    },
  }
}

/** How much of a piece is needed. */
export const keptOfPiece = lineBytes + longestStamp + 1

const joined = (head: Buffer, more: Buffer): Buffer => (head.length > lineBytes ? head : Buffer.concat([head, more]))

/** Without the space, it is 30 bytes in UTC and 35 elsewhere. */
function stampLength(piece: Buffer): number {
  if (piece[10] !== letterT) return 0
  if (piece[30] === space) return 31
  return piece[35] === space ? 36 : 0
}

function stampOf(piece: Buffer, length: number): string | null {
  if (length === 0) return null
  if (piece[29] === letterZ) return piece.toString('latin1', 0, 30)
  const local = piece.toString('latin1', 0, length - 1)
  const date = new Date(local.slice(0, 19) + local.slice(29))
  return Number.isNaN(date.getTime()) ? null : `${date.toISOString().slice(0, 19)}${local.slice(19, 29)}Z`
}

/** @param bytes of the whole line, with its end */
function textOf(head: Buffer, bytes: number): string {
  let end = Math.min(head.length, lineBytes)
  if (bytes <= lineBytes + 2 && head[head.length - 1] === lineFeed) {
    end = head.length - 1
    while (end > 0 && head[end - 1] === carriageReturn) end -= 1
    if (end <= lineBytes) return head.toString('utf8', 0, end)
  }
  end = Math.min(end, lineBytes)
  // Not within a character.
  while (end > 0 && ((head[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return `${head.toString('utf8', 0, end)}… [cut here: the line has ${bytes - 1} bytes]`
}

/** The stream of a container with a terminal: no frames, only lines, each piece of which begins with its time. */
export function createTerminalReader(lines: LogLines) {
  let kept: Buffer[] = []
  let keptBytes = 0
  let bytes = 0

  function keep(part: Buffer): void {
    bytes += part.length
    if (keptBytes >= keptOfPiece) return
    kept.push(Buffer.from(part.subarray(0, keptOfPiece - keptBytes)))
    keptBytes += part.length
  }

  return function read(chunk: Buffer): void {
    let from = 0
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, from)) {
      const part = chunk.subarray(from, end + 1)
      if (bytes === 0) lines.add('stdout', part, part.length - stampsWithin(part.length), true)
      else {
        keep(part)
        // What is kept of a long line lies before its second piece.
        lines.add('stdout', Buffer.concat(kept), bytes - stampsWithin(bytes), true)
        ;[kept, keptBytes, bytes] = [[], 0, 0]
      }
      from = end + 1
    }
    if (from < chunk.length) keep(chunk.subarray(from))
  }
}

const stampsWithin = (bytes: number): number => 31 * Math.floor(Math.max(0, bytes - 32) / (pieceBytes + 31))

const headerBytes = 8
const [stderr, daemonError] = [2, 3] as const

/**
 * The stream of a container without a terminal. Each piece has a header: the stream, three zeros, and the length.
 * Source: Docker Engine API, ContainerAttach, "Stream format"
 */
export function createFrameReader(lines: LogLines) {
  const header = Buffer.alloc(headerBytes)
  let headerKept = 0
  let left = 0
  let length = 0
  let kept: Buffer[] = []
  let keptBytes = 0

  /** @returns how many bytes of the header are in this chunk */
  function readHeader(chunk: Buffer, from: number): number {
    const taken = chunk.copy(header, headerKept, from, from + headerBytes - headerKept)
    headerKept += taken
    if (headerKept < headerBytes) return taken
    headerKept = 0
    if ((header[0] ?? 9) > daemonError || header[1] !== 0) throw new Error('the log is not in the form that Docker documents')
    length = header.readUInt32BE(4)
    left = length
    ;[kept, keptBytes] = [[], 0]
    return taken
  }

  function add(piece: Buffer, lastByte: number | undefined): void {
    if (header[0] === daemonError) throw new Error(piece.toString('utf8', 0, 500).trim())
    lines.add(header[0] === stderr ? 'stderr' : 'stdout', piece, length, lastByte === lineFeed)
  }

  return function read(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (left === 0) {
        at += readHeader(chunk, at)
        continue
      }
      const part = chunk.subarray(at, at + left)
      at += part.length
      left -= part.length
      if (part.length === length) add(part, part[part.length - 1])
      else {
        if (keptBytes < keptOfPiece) kept.push(Buffer.from(part.subarray(0, keptOfPiece - keptBytes)))
        keptBytes += part.length
        if (left === 0) add(Buffer.concat(kept), part[part.length - 1])
      }
    }
  }
}
