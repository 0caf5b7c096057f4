import { bounds } from '../bounds.ts'
import type { Clock } from '../clock.ts'
import type { TerminalProgram, TerminalSize } from '../docker/engine.types.ts'
import { AppError, errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import { createTerminalHistory } from './terminal-history.ts'
import { endingWords, type TerminalMessage } from './terminal-message.ts'
import { runFirst, typeInto } from './terminal-program.ts'
import { createTerminalReader, type TerminalReader } from './terminal-reader.ts'

/** A lost connection can come back within this time. */
export const rejoinWithinMs = 2 * 60_000
/** Nothing typed and nothing written for so long: someone forgot it. */
const idleMs = 60 * 60_000
/** A shell that says nothing for so long is there nevertheless. */
const silentStartMs = 1500

const ended = (): AppError => new AppError('NOT_FOUND', 'This terminal has ended')

/** Resolves when a terminal may send so many bytes. */
export type TerminalPace = (bytes: number) => Promise<void>

export type TerminalSession = ReturnType<typeof createTerminalSession>

/** One program in a container with its terminal, whoever looks at it. */
export function createTerminalSession(deps: {
  id: string
  /** Tries these one after another until one is there. */
  candidates: string[][]
  run: (command: string[], size: TerminalSize) => Promise<TerminalProgram>
  size: TerminalSize
  pace: TerminalPace
  clock: Clock
  log: Log
}) {
  const { id, clock, log, pace } = deps
  const history = createTerminalHistory(bounds.terminals.history)
  const over = Promise.withResolvers<string>()
  const started = Promise.withResolvers<void>()
  let size = deps.size
  let program: TerminalProgram | null = null
  let reader: TerminalReader | null = null
  let last: TerminalMessage | null = null
  let isClosed = false
  let usedAt = clock.now().getTime()
  let cancelLeft = (): void => undefined
  let cancelIdle = (): void => undefined
  let cancelSilent = (): void => undefined

  function finish(message: TerminalMessage): void {
    if (last) return
    last = message
    cancelLeft()
    cancelIdle()
    cancelSilent()
    started.resolve()
    reader?.put(message)
    reader?.end()
    over.resolve(endingWords(message) ?? '')
  }

  /** Ends the program too. */
  async function end(reason: string): Promise<void> {
    if (last) return
    isClosed = true
    finish({ type: 'error', message: reason })
    await program?.hangUp().catch((error: unknown) => log.warn({ terminal: id, error: errorMessage(error) }, 'could not end a program'))
  }

  function watchIdle(): void {
    const left = usedAt + idleMs - clock.now().getTime()
    if (left <= 0) return void end('Nothing happened in this terminal for an hour')
    cancelIdle = clock.after(left, watchIdle)
  }

  function left(): void {
    cancelLeft()
    cancelLeft = clock.after(rejoinWithinMs, () => void end('The connection was lost for more than 2 minutes'))
  }

  async function tell(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.byteLength && !last; at += bounds.terminals.output) {
      const bytes = chunk.subarray(at, at + bounds.terminals.output)
      await pace(bytes.byteLength)
      usedAt = clock.now().getTime()
      history.push(bytes)
      reader?.put({ type: 'output', bytes })
      // Whoever reads slowly slows the program down, and nothing is lost.
      await reader?.room()
    }
  }

  async function start(command: string[]): Promise<TerminalProgram> {
    cancelSilent()
    program = await deps.run(command, size)
    cancelSilent = clock.after(silentStartMs, started.resolve)
    // Nothing else is tried, so this is what the keys are for.
    if (deps.candidates.length === 1) started.resolve()
    return program
  }

  left()
  watchIdle()
  void runFirst(deps.candidates, { start, tell, onStarted: started.resolve, isOver: () => last !== null }, log).then(finish)

  return {
    id,
    /** Why it ended, once it has. */
    over: over.promise,
    /** Whether it did not end by itself. */
    isClosed: (): boolean => isClosed,

    /** Shows it to a new reader, in place of the one before, until `signal` says that it has left. Once it has ended, how it did. */
    attach(signal: AbortSignal): AsyncGenerator<TerminalMessage> {
      reader?.end()
      cancelLeft()
      const own = createTerminalReader()
      const before = history.read()
      own.put({ type: 'session', id, replayed: before.byteLength })
      for (let at = 0; at < before.byteLength; at += bounds.terminals.output)
        own.put({ type: 'output', bytes: before.subarray(at, at + bounds.terminals.output) })
      reader = own
      if (last) {
        own.put(last)
        own.end()
      }
      const leave = (): void => {
        own.leave()
        if (reader === own && !last) left()
      }
      if (signal.aborted) leave()
      else signal.addEventListener('abort', leave, { once: true })
      return own.messages()
    },

    /** Resolves when the program has been given it. @throws NOT_FOUND, CONFLICT when the program does not read */
    async write(bytes: Uint8Array): Promise<void> {
      await started.promise
      if (last || !program) throw ended()
      usedAt = clock.now().getTime()
      await typeInto(program.stream, bytes, clock)
    },

    async resize(to: TerminalSize): Promise<void> {
      if (last) throw ended()
      size = to
      await program?.resize(to)
    },

    end,
  }
}
