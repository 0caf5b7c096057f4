import type { RawData, WebSocket } from 'ws'
import { z } from 'zod'
import { bounds } from '../bounds.ts'
import type { Clock } from '../clock.ts'
import { AppError, errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { TerminalSize } from '../docker/engine.types.ts'
import type { LookedAt } from '../user/terminals.ts'
import { createReceipts } from './receipts.ts'

/** Source: RFC 6455, section 7.4, and the IANA registry of close codes. Those from 4000 on are this protocol's own. */
export const terminalCloseCodes = {
  over: 1000,
  invalid: 1008,
  refused: 1011,
  restart: 1012,
  /** Its node cannot be reached at the moment. */
  later: 1013,
  credentialEnded: 4401,
  /** Another connection looks at it now. */
  replaced: 4409,
} as const

/** A browser that disappears without closing is noticed within two of these. */
const pingMs = 12_000

const { size: mostSize, queued: mostQueued, message: mostMessage } = bounds.terminals
const told = z.strictObject({
  type: z.literal('resize'),
  cols: z.int().min(1).max(mostSize.cols),
  rows: z.int().min(1).max(mostSize.rows),
})

/** Shows a terminal over a socket until either ends. */
export function showTerminal(socket: WebSocket, looked: LookedAt, { clock, log }: { clock: Clock; log: Log }): void {
  const stopPings = pinging(socket, clock)
  const stopTyping = typing(socket, looked, log)
  socket.once('close', (code: number) => {
    stopPings()
    stopTyping()
    looked.view.leave()
    // Whoever closes a terminal is done with it. One that loses its connection may come back.
    if (code === terminalCloseCodes.over && !looked.view.isReplaced()) looked.held.end({ reason: 'It was closed', isOfCredential: false })
  })
  void telling(socket, looked)
}

/** Sends what the terminal says, only as fast as the other side receives it. */
async function telling(socket: WebSocket, { held, view }: LookedAt): Promise<void> {
  const received = createReceipts(socket)()
  const tell = (message: object): void => socket.send(JSON.stringify(message))
  let isEnded = false
  try {
    for await (const message of view.messages) {
      await received()
      if (socket.readyState !== socket.OPEN) return
      if (message.type === 'output') socket.send(message.bytes)
      else tell(message)
      isEnded ||= message.type === 'exit' || message.type === 'error'
    }
  } catch (error) {
    if (!(error instanceof AppError) || (held.ending() === null && !view.isReplaced())) return socket.close(terminalCloseCodes.later)
  }
  const ending = held.ending()
  if (ending && !isEnded) tell({ type: 'error', message: ending.reason })
  if (ending?.isOfCredential) return socket.close(terminalCloseCodes.credentialEnded, ending.reason)
  if (ending || isEnded) return socket.close(terminalCloseCodes.over)
  if (view.isReplaced()) return socket.close(terminalCloseCodes.replaced, 'Opened elsewhere')
  socket.close(terminalCloseCodes.later)
}

/** Passes on what is typed, in order. While the program does not read, nothing more is read from the socket. */
function typing(socket: WebSocket, { held }: LookedAt, log: Log): () => void {
  let chunks: Buffer[] = []
  let bytes = 0
  let size: TerminalSize | null = null
  let isBusy = false
  let isOver = false

  function next(): Buffer {
    const whole = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
    const taken = whole.subarray(0, mostMessage)
    bytes = whole.byteLength - taken.byteLength
    chunks = bytes > 0 ? [whole.subarray(taken.byteLength)] : []
    return taken
  }

  async function step(): Promise<void> {
    if (size) {
      const to = size
      size = null
      return held.resize(to)
    }
    const taken = next()
    if (bytes < mostQueued && socket.isPaused) socket.resume()
    await held.write(taken)
  }

  async function passOn(): Promise<void> {
    if (isBusy) return
    isBusy = true
    try {
      while (!isOver && (size || bytes > 0)) await step().catch(failed)
    } finally {
      isBusy = false
    }
  }

  function failed(error: unknown): void {
    // The program does not read, or has just ended: what was typed is lost, as in any terminal.
    if (error instanceof AppError && (error.code === 'CONFLICT' || error.code === 'NOT_FOUND')) return
    isOver = true
    log.debug({ error: errorMessage(error) }, 'what was typed did not arrive')
    socket.close(terminalCloseCodes.later)
  }

  socket.on('message', (data: RawData, isBinary: boolean) => {
    const chunk = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)
    if (isBinary) {
      chunks.push(chunk)
      bytes += chunk.byteLength
      if (bytes >= mostQueued) socket.pause()
    } else {
      const asked = readTold(chunk.toString())
      if (!asked) return socket.close(terminalCloseCodes.invalid, 'Text messages are {"type":"resize","cols":80,"rows":24}')
      size = asked
    }
    void passOn()
  })
  return () => (isOver = true)
}

function readTold(text: string): TerminalSize | null {
  try {
    const { cols, rows } = told.parse(JSON.parse(text))
    return { cols, rows }
  } catch {
    return null
  }
}

function pinging(socket: WebSocket, clock: Clock): () => void {
  let isAlive = true
  let cancel = (): void => undefined
  socket.on('pong', () => (isAlive = true))
  const ping = (): void => {
    if (!isAlive) return socket.terminate()
    isAlive = false
    socket.ping()
    cancel = clock.after(pingMs, ping)
  }
  cancel = clock.after(pingMs, ping)
  return () => cancel()
}
