import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import type { Clock } from '../clock.ts'
import type { TerminalProgram } from '../docker/engine.types.ts'
import { AppError, errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { TerminalMessage } from './terminal-message.ts'

/** How much of the beginning is looked at. */
const mostFirstWords = 500
/** Docker's own words for what it could not start come as if the program had written them. */
const notStarted = 'OCI runtime exec failed'
/** A program that does not read what is typed for so long does not get more. */
const takenWithinMs = 10_000

interface Running {
  start: (command: string[]) => Promise<TerminalProgram>
  /** It has said something, so it is there. */
  onStarted: () => void
  tell: (output: Uint8Array) => Promise<void>
  /** The terminal was ended meanwhile. */
  isOver: () => boolean
}

/** Runs one program to its end. @returns how it ended; null if it is not there */
async function carryOut(command: string[], { start, onStarted, tell, isOver }: Running): Promise<TerminalMessage | null> {
  const program = await start(command)
  if (isOver()) await program.hangUp()
  let firstWords = ''
  for await (const chunk of program.stream as AsyncIterable<Uint8Array>) {
    if (firstWords.length < mostFirstWords) firstWords += Buffer.from(chunk.subarray(0, mostFirstWords)).toString()
    if (firstWords.startsWith(notStarted)) continue
    onStarted()
    await tell(chunk)
  }
  const { code, isMissing, fate } = await program.exit(firstWords)
  if (isMissing) return null
  // A program that itself writes these words.
  if (firstWords.startsWith(notStarted)) await tell(Buffer.from(firstWords))
  if (fate) return { type: 'error', message: `The container was ${fate}, which ended this terminal` }
  return { type: 'exit', code }
}

/** Runs the first of these programs that is there. @returns how it ended */
export async function runFirst(candidates: string[][], running: Running, log: Log): Promise<TerminalMessage> {
  try {
    for (const command of candidates) {
      const outcome = await carryOut(command, running)
      if (outcome || running.isOver()) return outcome ?? { type: 'exit', code: null }
    }
    const [only, ...others] = candidates.map(([name]) => name)
    const words = others.length === 0 ? `There is no ${only} in this container` : 'There is no shell in this container'
    return { type: 'error', message: `${words}, or it cannot be run` }
  } catch (error) {
    if (error instanceof AppError) return { type: 'error', message: error.message }
    // A terminal that is ended cuts its stream.
    if (!running.isOver()) log.warn({ error: errorMessage(error) }, 'a terminal broke off')
    return { type: 'error', message: 'The connection to Docker was lost' }
  }
}

/** Resolves when the program has been given what was typed. @throws CONFLICT when it does not read */
export async function typeInto(stream: Duplex, bytes: Uint8Array, clock: Clock): Promise<void> {
  if (stream.write(bytes)) return
  const tooLate = new AbortController()
  const cancel = clock.after(takenWithinMs, () => tooLate.abort())
  try {
    await once(stream, 'drain', { signal: tooLate.signal })
  } catch (error) {
    throw new AppError('CONFLICT', 'The program does not read what is typed', { cause: error })
  } finally {
    cancel()
  }
}
