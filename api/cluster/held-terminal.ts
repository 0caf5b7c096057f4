import type { Caller } from '../auth/caller.ts'
import type { Clock } from '../clock.ts'
import type { TerminalSize } from '../docker/engine.types.ts'
import { AppError, errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { NodeTerminals } from '../terminals/own-terminals.ts'
import { endingWords, type TerminalMessage } from '../terminals/terminal-message.ts'

/** The node ends a terminal that nobody looks at after 2 minutes. This is for when its word does not come. */
const leftMs = 125_000

/** Whose terminal it is, and where. */
export interface TerminalOwner {
  nodeId: string
  caller: Caller
  /** The same for whatever one person opens. */
  key: string
  /** Stands for the caller's account and credential. */
  owner: string
}

/** Why a terminal was ended from here. */
export interface TerminalEnding {
  reason: string
  /** The session or token with which it was opened has ended. */
  isOfCredential: boolean
}

export interface TerminalView {
  messages: AsyncGenerator<TerminalMessage>
  /** Whether someone else looks at it instead. */
  isReplaced(): boolean
  /** The connection is lost. It may come back. */
  leave(): void
}

export type HeldTerminal = ReturnType<typeof createHeldTerminal>

/** One terminal that was opened through this server, and whoever looks at it. */
export function createHeldTerminal(deps: {
  id: string
  named: TerminalOwner
  /** The terminals of its node. @throws NODE_UNREACHABLE */
  terminals: () => NodeTerminals
  /** Names by which its container was called when it was opened. */
  containers: string[]
  /** The name of its node, for people. */
  nodeName: () => string
  /** The instance id of its node's program when it was opened. */
  program: string | undefined
  onOver: (words: string) => void
  clock: Clock
  log: Log
}) {
  const { id, named, terminals, clock, log } = deps
  const { owner } = named
  const over = Promise.withResolvers<string>()
  const session = { id, owner }
  let current: AbortController | null = null
  let ended: TerminalEnding | null = null
  let isOver = false
  let cancelLeft = (): void => undefined
  let { program } = deps
  let isLooking = false

  function finish(words: string): void {
    if (isOver) return
    isOver = true
    cancelLeft()
    deps.onOver(words)
    over.resolve(words)
  }

  function left(): void {
    cancelLeft()
    if (!isOver) cancelLeft = clock.after(leftMs, () => end({ reason: 'The connection was lost', isOfCredential: false }))
  }

  /** Ends the program too. If its node cannot be reached, it does so by itself. */
  function end(ending: TerminalEnding): void {
    if (isOver) return
    ended = ending
    finish(ending.reason)
    const tell = async (): Promise<void> => terminals().end(session, ending.reason)
    tell().catch((error: unknown) => log.debug({ terminal: id, error: errorMessage(error) }, 'could not end a terminal on its node'))
    current?.abort()
  }

  const called = new Set(deps.containers)

  /** Its node says that it is not there, though nobody ended it. @returns whether that is so */
  function isGone(error: unknown): boolean {
    const gone = error instanceof AppError && error.code === 'NOT_FOUND'
    if (gone) finish(`${deps.nodeName()} was started again, which ended this terminal`)
    return gone
  }

  const attachTo = async (container: string, signal: AbortSignal): Promise<AsyncGenerator<TerminalMessage>> =>
    terminals().attach({ ...session, container }, signal)

  async function* relay(messages: AsyncGenerator<TerminalMessage>, own: AbortController): AsyncGenerator<TerminalMessage> {
    try {
      for await (const message of messages) {
        const words = endingWords(message)
        if (words !== null) finish(words)
        yield message
      }
    } finally {
      own.abort()
      if (current === own) left()
    }
  }

  return {
    id,
    ...named,
    /** Why it ended, once it has. */
    over: over.promise,
    /** Set if it was ended from here. */
    ending: (): TerminalEnding | null => ended,

    /** Looks at it, in place of whoever did. @throws NOT_FOUND, NODE_UNREACHABLE */
    async attach(container: string): Promise<TerminalView> {
      const [own, before] = [new AbortController(), current]
      // The node may end the older stream before it answers. Whoever reads that must know why.
      current = own
      const messages = await attachTo(container, own.signal).catch(async (error: unknown) => {
        if (current === own) current = before
        // Under another name, it may be the container that is not there.
        if (called.has(container) && isGone(error)) throw new AppError('NOT_FOUND', await over.promise)
        if (!before || before.signal.aborted) left()
        throw error
      })
      before?.abort()
      called.add(container)
      if (current === own) cancelLeft()
      const leave = (): void => {
        own.abort()
        if (current === own) left()
      }
      return { messages: relay(messages, own), isReplaced: () => current !== own, leave }
    },

    write: async (bytes: Uint8Array): Promise<void> => terminals().write(session, bytes),
    resize: async (size: TerminalSize): Promise<void> => terminals().resize(session, size),
    left,
    end,
    /** Asks its node, if that runs another program than before, whether it is still there. If not, it is over. */
    async look(now: string | undefined): Promise<void> {
      if (isLooking || now === program) return
      isLooking = true
      try {
        await terminals().write(session, new Uint8Array())
        program = now
      } catch (error) {
        // A node tells of its new program before it can be asked. Its next news asks again.
        isGone(error)
      } finally {
        isLooking = false
      }
    },
    /** It is not this caller's. */
    forget: (): void => finish(''),
  }
}
