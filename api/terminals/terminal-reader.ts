import { bounds } from '../bounds.ts'
import type { TerminalMessage } from './terminal-message.ts'

/** How much can wait for a reader. */
const mostWaitingBytes = bounds.terminals.message

export type TerminalReader = ReturnType<typeof createTerminalReader>

/** One reader of a terminal, which takes messages as fast as it can. Small pieces of output that wait are joined. */
export function createTerminalReader() {
  let waiting: TerminalMessage[] = []
  let bytes = 0
  let isOver = false
  let wake = (): void => undefined
  let hasRoom = (): void => undefined

  /** The next message; as much output as fits into one. */
  function take(): TerminalMessage | undefined {
    const first = waiting.shift()
    if (first?.type !== 'output') return first
    const pieces = [first.bytes]
    let size = first.bytes.byteLength
    for (let next = waiting[0]; next?.type === 'output' && size + next.bytes.byteLength <= bounds.terminals.output; next = waiting[0]) {
      pieces.push(next.bytes)
      size += next.bytes.byteLength
      waiting.shift()
    }
    bytes -= size
    if (bytes < mostWaitingBytes) hasRoom()
    return { type: 'output', bytes: pieces.length === 1 ? first.bytes : Buffer.concat(pieces) }
  }

  return {
    put(message: TerminalMessage): void {
      if (isOver) return
      waiting.push(message)
      if (message.type === 'output') bytes += message.bytes.byteLength
      wake()
    },

    /** Resolves when there is room for more, or the reader has left. */
    room(): Promise<void> {
      if (isOver || bytes < mostWaitingBytes) return Promise.resolve()
      return new Promise((resolve) => (hasRoom = resolve))
    },

    /** What waits is still read. */
    end(): void {
      isOver = true
      hasRoom()
      wake()
    },

    /** Whoever reads has left. */
    leave(): void {
      isOver = true
      waiting = []
      hasRoom()
      wake()
    },

    /** Until `end` or `leave`. To stop it while it waits, use those: a generator that waits does not return. */
    async *messages(): AsyncGenerator<TerminalMessage> {
      for (;;) {
        const next = take()
        if (next) yield next
        else if (isOver) return
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    },
  }
}
