import { randomUUID } from 'node:crypto'
import { bounds } from '../bounds.ts'
import type { Clock } from '../clock.ts'
import type { EngineTerminals, TerminalContainer, TerminalSize } from '../docker/engine.types.ts'
import { AppError, errorMessage, notFound } from '../errors.ts'
import type { Log } from '../log.ts'
import type { TerminalMessage } from './terminal-message.ts'
import { createTerminalSession, rejoinWithinMs, type TerminalPace, type TerminalSession } from './terminal-session.ts'

/** The first of these that is there, if nobody asks for another program. */
const shells = [['bash'], ['ash'], ['sh']]

/** Docker's own names and ids. */
const containerPattern = /^[a-zA-Z0-9][\w.-]*$/

/** Few of them say enough. */
const mostNamed = 3
const wordsOf = (names: string[]): string =>
  [...names.slice(0, mostNamed), ...(names.length > mostNamed ? [`and ${names.length - mostNamed} more`] : [])].join(', ')

export interface OpenTerminal extends TerminalSize {
  /** Its id or name. */
  container: string
  /** A program and its arguments. Empty: a shell. */
  command: string[]
  /** Stands for the account and credential of whoever opens it. Nobody else joins it. */
  owner: string
  /** Whether an administrator opens it. */
  isAdministrator: boolean
}

export interface OpenedTerminal {
  id: string
  /** The container's name. */
  container: string
}

/** Names a session, and who asks. */
export interface OwnedTerminal {
  id: string
  owner: string
}

/** The terminals of one node, wherever it is. */
export interface NodeTerminals {
  /** @throws NOT_FOUND, FORBIDDEN, CONFLICT, RATE_LIMITED */
  open(input: OpenTerminal): Promise<OpenedTerminal>
  /**
   * What it has written lately, then what it writes, for a reader that replaces the one before, until `signal` says that it has left.
   *
   * @throws NOT_FOUND, also for another owner or container
   */
  attach(session: OwnedTerminal & { container: string }, signal: AbortSignal): Promise<AsyncGenerator<TerminalMessage>>
  /** @throws NOT_FOUND, CONFLICT */
  write(session: OwnedTerminal, bytes: Uint8Array): Promise<void>
  resize(session: OwnedTerminal, size: TerminalSize): Promise<void>
  end(session: OwnedTerminal, reason: string): Promise<void>
}

interface Held {
  session: TerminalSession
  owner: string
  container: TerminalContainer
  isOver: boolean
}

export type OwnTerminals = ReturnType<typeof createOwnTerminals>

/** Terminals in containers of this node. They live here, so that they survive when whoever looks at them loses the connection. */
export function createOwnTerminals(deps: {
  engine: EngineTerminals
  isOn: boolean
  /** Marks the programs of this node's terminals. */
  mark: string
  ownContainer: () => Promise<string | null>
  /** What the container's service may do that the safety policy does not allow by itself. */
  allowedRulesOf: (container: TerminalContainer) => string[]
  /** What the container itself may do that the safety policy refuses, whoever made it. */
  beyondPolicy: (container: TerminalContainer) => Promise<string[]>
  /** Makes the pace of one more terminal. */
  paceOfNew: () => TerminalPace
  clock: Clock
  log: Log
}) {
  const { engine, clock, log } = deps
  const held = new Map<string, Held>()
  let isStopped = false
  /** Sessions that are about to be there. */
  let opening = 0

  const running = (): Held[] => [...held.values()].filter(({ isOver }) => !isOver)

  /** @throws FORBIDDEN, NOT_FOUND, CONFLICT */
  async function admit({ container: named, isAdministrator }: OpenTerminal): Promise<TerminalContainer> {
    if (!deps.isOn) throw new AppError('FORBIDDEN', 'Terminals are switched off on this node (TERMINALS=off)')
    const container = containerPattern.test(named) ? await engine.find(named) : null
    if (!container) throw notFound('container', named)
    const own = isAdministrator ? null : await deps.ownContainer()
    if (own !== null && container.id.startsWith(own))
      throw new AppError('FORBIDDEN', 'Selfhostly itself runs in this container. Only an administrator opens a terminal there')
    const rules = isAdministrator ? [] : deps.allowedRulesOf(container)
    if (rules.length > 0) {
      const words = `${container.name} runs by an allowance (${rules.join(', ')}). Only an administrator opens a terminal there`
      throw new AppError('FORBIDDEN', words)
    }
    const beyond = isAdministrator ? [] : await deps.beyondPolicy(container)
    if (beyond.length > 0) {
      const words = `From ${container.name} one reaches its host (${wordsOf(beyond)}). Only an administrator opens a terminal there`
      throw new AppError('FORBIDDEN', words)
    }
    if (container.isPaused) throw new AppError('CONFLICT', `${container.name} is paused. Unpause it first`)
    if (!container.isRunning) throw new AppError('CONFLICT', `${container.name} does not run. Start it first`)
    return container
  }

  /** @throws RATE_LIMITED, SHUTTING_DOWN */
  function makeRoom(): void {
    if (isStopped) throw new AppError('SHUTTING_DOWN', 'This node is stopping')
    if (running().length + opening >= bounds.terminals.sessions.ofNode) {
      const words = `${bounds.terminals.sessions.ofNode} terminals are open on this node. Close one first`
      throw new AppError('RATE_LIMITED', words, { retryAfterSeconds: 10 })
    }
  }

  function start(container: TerminalContainer, { command, cols, rows, owner }: OpenTerminal): Held {
    const id = randomUUID()
    const session = createTerminalSession({
      ...{ id, clock, log, pace: deps.paceOfNew(), size: { cols, rows } },
      candidates: command.length > 0 ? [command] : shells,
      run: (tried, size) => engine.run(container.id, { ...size, command: tried, mark: `${deps.mark}/${randomUUID()}` }),
    })
    const opened = { session, owner, container, isOver: false }
    held.set(id, opened)
    void session.over.then(() => {
      opened.isOver = true
      // Whoever lost the connection meanwhile still hears how its program ended.
      if (session.isClosed()) held.delete(id)
      else clock.after(rejoinWithinMs, () => held.delete(id))
    })
    return opened
  }

  /** What an earlier run of this program left in containers because it was killed. Nothing new is started before. */
  let cleaning: Promise<void> | undefined
  async function clean(): Promise<void> {
    try {
      const count = await engine.endMarked(`${deps.mark}/`)
      if (count > 0) log.warn({ containers: count }, 'ended programs of terminals that an earlier run left behind')
    } catch (error) {
      // The next terminal tries again.
      cleaning = undefined
      log.warn({ error: errorMessage(error) }, 'could not look for programs of terminals that an earlier run left behind')
    }
  }
  const cleaned = (): Promise<void> => (cleaning ??= clean())

  /** The same words for what is not there and what is another's. @throws NOT_FOUND */
  function find({ id, owner }: OwnedTerminal): Held {
    const found = held.get(id)
    if (found?.owner !== owner) throw notFound('terminal', id)
    return found
  }

  return {
    start(): void {
      if (deps.isOn) void cleaned()
    },

    /** @returns also `over`, which resolves with why it ended */
    async open(input: OpenTerminal): Promise<OpenedTerminal & { over: Promise<string> }> {
      makeRoom()
      opening += 1
      try {
        const container = await admit(input)
        await cleaned()
        const { session } = start(container, input)
        return { id: session.id, container: container.name, over: session.over }
      } finally {
        opening -= 1
      }
    },

    async attach(asked: OwnedTerminal & { container: string }, signal: AbortSignal): Promise<AsyncGenerator<TerminalMessage>> {
      const { session, container } = find(asked)
      const isSame = container.name === asked.container || (asked.container.length >= 12 && container.id.startsWith(asked.container))
      if (!isSame) throw notFound('terminal', asked.id)
      return session.attach(signal)
    },

    write: async (asked: OwnedTerminal, bytes: Uint8Array): Promise<void> => find(asked).session.write(bytes),
    resize: async (asked: OwnedTerminal, size: TerminalSize): Promise<void> => find(asked).session.resize(size),
    end: async (asked: OwnedTerminal, reason: string): Promise<void> => find(asked).session.end(reason),

    async stop(): Promise<void> {
      isStopped = true
      await Promise.all(running().map(({ session }) => session.end('Selfhostly on this node was stopped')))
    },
  } satisfies NodeTerminals & { start(): void; stop(): Promise<void> }
}
