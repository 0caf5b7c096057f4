import { connect, createServer, type ClientHttp2Session, type Http2Session, type ServerHttp2Session } from 'node:http2'
import type { IncomingMessage, RequestListener } from 'node:http'
import type { Duplex } from 'node:stream'
import { createWebSocketStream, WebSocket } from 'ws'
import type { Clock } from '../../clock.ts'
import { lookupOfNodes } from './endpoint-guard.ts'
import { failureInWords } from './failure-words.ts'
import { retryAfterMsOf } from './retry-after.ts'

/** The WebSocket subprotocol. The number tells versions of it apart. */
export const linkProtocol = 'selfhostly-link-1'
export const linkPath = '/api/internal/link'

/** How often each side pings the other, and after how long without an answer the link counts as dead. See `silenceMs` in follow-stream.ts. */
const pingEveryMs = 2000
const deadAfterMs = 7500
/** Requests on a replaced link can take this long to finish, which is the longest deadline of a call. */
const drainMs = 20_000
const handshakeDeadlineMs = 8000

/** Most requests at once: one event stream, a few logs and people's calls. */
const maxStreams = 256
/** In bytes: how much one stream, and one whole link, can buffer while nobody reads. */
const streamWindowBytes = 256 * 1024
const linkWindowBytes = 8 * 1024 * 1024

/** `maxPayload` is in bytes. No message is ever larger than an HTTP/2 frame. */
export const socketOptions = { perMessageDeflate: false, maxPayload: 1024 * 1024, skipUTF8Validation: true } as const

/** An open WebSocket as a stream of bytes. */
export interface LinkWire {
  socket: WebSocket
  stream: Duplex
}

export function wireOf(socket: WebSocket): LinkWire {
  const stream = createWebSocketStream(socket)
  // `ws` delays a stream's finish until the other side has closed too. If Node's HTTP/2 writes between the stream's end and
  // that finish, an assertion fails and ends the program. Source: lib/internal/js_stream_socket.js, doWrite
  stream._final = (finished) => {
    finished()
    socket.close()
  }
  socket.once('close', () => stream.destroy())
  // Users of the stream learn of its end from `close`.
  stream.on('error', () => socket.terminate())
  return { socket, stream }
}

/** Why a link could not be opened, and when the other side wants the next try. */
export class DialError extends Error {
  override readonly name = 'DialError'
  readonly status: number | undefined
  readonly retryAfterMs: number | undefined

  constructor(message: string, answer: { status?: number | undefined; retryAfterMs?: number | undefined } = {}) {
    super(message)
    this.status = answer.status
    this.retryAfterMs = answer.retryAfterMs
  }
}

/** @param endpoint http:// or https:// URL of the other side @throws DialError with a message for people */
export function dial(endpoint: string, headers: Record<string, string>): Promise<LinkWire> {
  const options = { ...socketOptions, headers, handshakeTimeout: handshakeDeadlineMs, followRedirects: false, lookup: lookupOfNodes }
  const socket = new WebSocket(endpoint.replace(/^http/, 'ws') + linkPath, [linkProtocol], options)
  // Created before the socket opens, or the first bytes from the other side would be lost.
  const wire = wireOf(socket)
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(wire))
    socket.once('unexpected-response', (_request, response: IncomingMessage) => {
      reject(refusal(response, endpoint))
      socket.terminate()
    })
    socket.once('error', (error) => reject(new DialError(failureInWords(error, endpoint))))
  })
}

function refusal(response: IncomingMessage, endpoint: string): DialError {
  const status = response.statusCode ?? 0
  return new DialError(refusalWords(status, endpoint), { status, retryAfterMs: retryAfterMsOf(response.headers) })
}

function refusalWords(status: number, endpoint: string): string {
  if (status === 401)
    return "refused the credentials (401): the server that answered does not know the node's id, or has a different key for it"
  if (status === 404)
    return `${endpoint} has no links (404): it runs an older version of Selfhostly, or a proxy sends ${linkPath} elsewhere`
  if (status === 409) return "another machine uses this node's identity (409)"
  if (status === 429 || status === 503) return `asks to try again later (${status})`
  return `answered ${status} instead of opening a WebSocket. Does the proxy in between pass "Upgrade: websocket"?`
}

/** The primary's side, which sends requests. */
export function askOver({ stream }: LinkWire): ClientHttp2Session {
  const session = connect('http://node', {
    createConnection: () => stream,
    settings: { enablePush: false, initialWindowSize: streamWindowBytes },
  })
  session.once('connect', () => session.setLocalWindowSize(linkWindowBytes))
  return session
}

/** The node's side, which answers as its port would. */
export function createLinkServer(listener: RequestListener) {
  const server = createServer(
    {
      settings: { maxConcurrentStreams: maxStreams, initialWindowSize: streamWindowBytes },
    },
    listener as never,
  )
  return {
    answerOver({ stream }: LinkWire): ServerHttp2Session {
      let session: ServerHttp2Session | undefined
      const taken = (made: ServerHttp2Session): void => void (session = made)
      server.once('session', taken)
      // Node creates the session synchronously during this emit.
      server.emit('connection', stream)
      server.off('session', taken)
      if (!session) throw new Error('could not create an HTTP/2 session for a link')
      return session
    },
  }
}

/** Watches an open link. */
export interface LinkWatch {
  /** Call when the other side may be gone: pings at once and waits less time for the answer. */
  check: () => void
  /** Whether another link is replacing this one: current requests finish here, and no new ones start. */
  isClosing: () => boolean
  /** For how many more ms the link stays open if nothing is heard over it. */
  lastsMs: () => number
}

/**
 * Pings the other side regularly and ends the session if it does not answer. Without this, a half-open connection looks
 * healthy until something is sent. A session that is closing cannot ping, so it gets a deadline instead.
 */
export function keepAlive(session: Http2Session, { socket, stream }: LinkWire, clock: Clock): LinkWatch {
  let answeredAt = clock.now().getTime()
  let dueAt = answeredAt
  let cancel: () => void = () => undefined
  const ask = (): void => {
    if (!session.destroyed) session.ping((error) => void (error === null && (answeredAt = clock.now().getTime())))
  }
  const end = (reason: string): void => {
    stream.destroy(new Error(reason))
    socket.terminate()
  }
  const tick = (): void => {
    if (session.closed) {
      cancel = clock.after(drainMs, () => end('its last requests did not finish in time'))
      return
    }
    const now = clock.now().getTime()
    // A late tick means that this program was frozen. It could not hear the other side then, and what arrived is not read yet.
    const lateMs = now - dueAt
    if (lateMs > pingEveryMs / 2) answeredAt += lateMs
    const silentMs = now - answeredAt
    if (silentMs >= deadAfterMs) return end(`nothing was received over the link for ${silentMs / 1000} s`)
    ask()
    dueAt = now + pingEveryMs
    cancel = clock.after(pingEveryMs, tick)
  }
  tick()
  session.once('close', () => {
    cancel()
    socket.terminate()
  })
  return {
    check() {
      if (session.closed) return
      const before = answeredAt
      ask()
      clock.after(pingEveryMs, () => answeredAt === before && !session.closed && end('did not answer a ping'))
    },
    isClosing: () => session.closed,
    lastsMs: () => answeredAt + deadAfterMs - clock.now().getTime(),
  }
}
