import { z } from 'zod'
import { bounds } from '../../bounds.ts'
import type { TerminalMessage } from '../../terminals/terminal-message.ts'

/**
 * How a terminal's messages go from its node to the primary: a byte that says what it is, four bytes of length, and the bytes
 * themselves. What is not output is JSON.
 */
const kinds = { output: 0, told: 1, alive: 2 } as const
const headBytes = 5
const longest = bounds.terminals.message

const told = z.discriminatedUnion('type', [
  z.object({ type: z.literal('session'), id: z.string().max(100), replayed: z.int().min(0) }),
  z.object({ type: z.literal('exit'), code: z.int().nullable() }),
  z.object({ type: z.literal('error'), message: z.string().max(2000) }),
])

function frame(kind: number, bytes: Uint8Array): Uint8Array {
  const whole = Buffer.allocUnsafe(headBytes + bytes.byteLength)
  whole.writeUInt8(kind, 0)
  whole.writeUInt32BE(bytes.byteLength, 1)
  whole.set(bytes, headBytes)
  return whole
}

export const writeFrame = (message: TerminalMessage): Uint8Array =>
  message.type === 'output' ? frame(kinds.output, message.bytes) : frame(kinds.told, Buffer.from(JSON.stringify(message)))

/** Says that the other side is there. */
export const aliveFrame = frame(kinds.alive, new Uint8Array())

/** Reads what another node sends, in pieces of any size. @throws SyntaxError for what are no frames */
export function createFrameReader() {
  let rest: Buffer = Buffer.alloc(0)

  function messageOf(kind: number, bytes: Buffer): TerminalMessage[] {
    if (kind === kinds.output) return [{ type: 'output', bytes }]
    if (kind !== kinds.told) return []
    const parsed = told.safeParse(JSON.parse(bytes.toString()))
    // A newer node may say more than this version knows.
    return parsed.success ? [parsed.data] : []
  }

  return function read(chunk: Uint8Array): TerminalMessage[] {
    rest = rest.byteLength === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength) : Buffer.concat([rest, chunk])
    const messages: TerminalMessage[] = []
    while (rest.byteLength >= headBytes) {
      const length = rest.readUInt32BE(1)
      if (length > longest) throw new SyntaxError('a terminal sent a message that is too long')
      if (rest.byteLength < headBytes + length) break
      messages.push(...messageOf(rest.readUInt8(0), rest.subarray(headBytes, headBytes + length)))
      rest = rest.subarray(headBytes + length)
    }
    return messages
  }
}
