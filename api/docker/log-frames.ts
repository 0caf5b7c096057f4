import { stripVTControlCharacters } from 'node:util'
import { createLineSplitter } from './lines.ts'

/**
 * The lines of a container's log as the Engine answers it at once. Without a terminal, each piece has a header of 8 bytes: the stream
 * (0 to 2), three zeros, and the length. With one, the log is plain text.
 */
export function logLines(log: Buffer): string[] {
  const lines: string[] = []
  const splitter = createLineSplitter((line) => lines.push(stripVTControlCharacters(line).trimEnd()))
  for (const piece of piecesOf(log)) splitter.push(piece)
  splitter.end()
  return lines
}

const headerBytes = 8

function* piecesOf(log: Buffer): Generator<Buffer> {
  let at = 0
  while (isHeader(log, at)) {
    const end = at + headerBytes + log.readUInt32BE(at + 4)
    yield log.subarray(at + headerBytes, end)
    at = end
  }
  if (at < log.length) yield log.subarray(at)
}

const isHeader = (log: Buffer, at: number): boolean =>
  log.length >= at + headerBytes && (log[at] ?? 9) <= 2 && log[at + 1] === 0 && log[at + 2] === 0 && log[at + 3] === 0
