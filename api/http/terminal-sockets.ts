import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { seesNode, type Caller } from '../auth/caller.ts'
import { bounds } from '../bounds.ts'
import { AppError, invalidInput } from '../errors.ts'
import type { Services } from '../services.ts'
import { createUserApi } from '../user/user-api.ts'
import type { LookedAt } from '../user/terminals.ts'
import { readBrowserSecret } from './browser-secret.ts'
import type { Door } from './door.ts'
import type { OpenConnections } from './open-connections.ts'
import { showTerminal, terminalCloseCodes } from './shown-terminal.ts'
import { readTerminalQuery, terminalPlaceOf, type TerminalPlace } from './terminal-query.ts'
import type { UnreadAnswers } from './unread-answers.ts'

const protocol = 'selfhostly.terminal'
const usualSize = { cols: 80, rows: 24 }
/** Browsers cannot send a header with a WebSocket, so they offer their secret as another protocol, which is never chosen. */
const secretPrefix = 'selfhostly.browser.'

/** These come as an answer to the request, but for the dashboard: a browser cannot read that. All others come in the terminal. */
const refusedBefore = new Set(['UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'INVALID_INPUT', 'MISDIRECTED'])

export type TerminalSockets = ReturnType<typeof createTerminalSockets>

/** Terminals over WebSockets. One lives on for a while when its socket is lost, and ends with the credential that opened it. */
export function createTerminalSockets({
  services,
  door,
  unread,
  things,
}: {
  services: Services
  door: Door
  unread: UnreadAnswers
  things: OpenConnections
}) {
  const { clock, events, log } = services
  const sockets = new WebSocketServer({
    ...{ noServer: true, perMessageDeflate: false, maxPayload: bounds.terminals.message },
    handleProtocols: (offered) => (offered.has(protocol) ? protocol : false),
  })
  let isStopped = false

  const offeredBy = ({ headers }: IncomingMessage): string[] =>
    (headers['sec-websocket-protocol'] ?? '').split(',').map((each) => each.trim())

  /** Only the dashboard offers its secret so. */
  function secretOf(request: IncomingMessage): string | undefined {
    return offeredBy(request)
      .find((each) => each.startsWith(secretPrefix))
      ?.slice(secretPrefix.length)
  }

  async function enter(request: IncomingMessage): Promise<Caller> {
    const secret = secretOf(request)
    return door.enter(request, { changes: true, ...(secret !== undefined && { browser: readBrowserSecret(secret) }) })
  }

  async function find(request: IncomingMessage, caller: Caller, { nodeId, container }: TerminalPlace): Promise<LookedAt> {
    const { session, cols, rows, command } = readTerminalQuery(request.url)
    if (!offeredBy(request).includes(protocol)) throw invalidInput([{ field: 'Sec-WebSocket-Protocol', message: `must offer ${protocol}` }])
    const { terminals } = createUserApi(services, caller)
    const size = { cols: cols ?? usualSize.cols, rows: rows ?? usualSize.rows }
    if (session === undefined) return terminals.open(nodeId, container, { ...size, command })
    // Who joins without a size keeps the one it has.
    return terminals.join(nodeId, container, session, cols === undefined && rows === undefined ? null : size)
  }

  /** It ends with what it needs, also while nobody looks at it. */
  function endWithItsGrounds({ held, isNew }: LookedAt): void {
    if (!isNew) return
    const end = (reason: string, isOfCredential = false): void => held.end({ reason, isOfCredential })
    const releases = [
      things.hold(held.caller, (standing) => end(standing === 'over' ? 'Your session has ended' : 'Your role has changed', true)),
      events.on('node', ({ id, labels }) => {
        if (id === held.nodeId && !seesNode(held.caller, labels)) end('You no longer see this node')
      }),
      events.on('nodeRemoved', (id) => {
        if (id === held.nodeId) end('The node was removed')
      }),
    ]
    void held.over.then(() => releases.forEach((release) => release()))
  }

  function shown(socket: WebSocket, looked: LookedAt): void {
    unread.watchSocket(looked.held.caller, socket)
    showTerminal(socket, looked, { clock, log })
  }

  return {
    placeOf: terminalPlaceOf,

    /** @throws UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, INVALID_INPUT */
    async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, place: TerminalPlace): Promise<void> {
      const caller = await enter(request)
      let looked: LookedAt | null = null
      let refusal: AppError | null = null
      try {
        looked = await find(request, caller, place)
      } catch (error) {
        const isBefore = secretOf(request) === undefined && error instanceof AppError && refusedBefore.has(error.code)
        if (isBefore || !(error instanceof AppError)) throw error
        refusal = error
      }
      if (looked) endWithItsGrounds(looked)
      let isOpened = false
      if (!isStopped && !socket.destroyed)
        sockets.handleUpgrade(request, socket, head, (opened) => {
          isOpened = true
          opened.on('error', () => log.debug('closed a terminal because its messages were malformed or too large'))
          if (looked) return shown(opened, looked)
          opened.send(JSON.stringify({ type: 'error', code: refusal?.code, message: refusal?.message }))
          opened.close(terminalCloseCodes.refused)
        })
      // Its request was no whole handshake, or was given up.
      if (!isOpened) looked?.view.leave()
    },

    stop(): void {
      isStopped = true
      for (const client of sockets.clients) {
        client.close(terminalCloseCodes.restart)
        client.terminate()
      }
      sockets.close()
    },
  }
}
