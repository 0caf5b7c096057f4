import { connect, createServer, type ClientHttp2Session, type Http2Session, type ServerHttp2Session } from 'node:http2'
import type { IncomingMessage, RequestListener } from 'node:http'
import type { Duplex } from 'node:stream'
import { createWebSocketStream, WebSocket } from 'ws'
import type { Clock } from '../clock.ts'
import { lookupOfNodes } from './endpoint-guard.ts'
import { failureInWords } from './failure-words.ts'

/** The WebSocket subprotocol, so that another version of it can be told from this one. */
export const linkProtocol = 'selfhostly-link-1'
export const linkPath = '/api/internal/link'

/** How often a side asks whether the other is there, and after how long without an answer it takes it for gone. See `silenceMs` of event-streams.ts. */
const pingEveryMs = 2000
const deadAfterMs = 7500
/** What is under way when a link is replaced may take this long to end there: as long as any call may take. */
const drainMs = 20_000
/** Beyond this a proxy's advice to come back later is not heeded. */
const longestRetryAfterS = 600
const handshakeDeadlineMs = 8000

/** Requests that may be under way at once; one event stream, a few logs and the calls of people. */
const maxStreams = 256
/** A stream that is not read may hold this much, in bytes, and all of one link this much. */
const streamWindowBytes = 256 * 1024
const linkWindowBytes = 8 * 1024 * 1024

/** Nothing larger than an HTTP/2 frame is ever sent in one message; in bytes. */
export const socketOptions = { perMessageDeflate: false, maxPayload: 1024 * 1024, skipUTF8Validation: true } as const

/** An open WebSocket as a stream of bytes. */
export interface LinkWire {
  socket: WebSocket
  stream: Duplex
}

export function wireOf(socket: WebSocket): LinkWire {
  const stream = createWebSocketStream(socket)
  // Node's HTTP/2 fails an assertion, and the program with it, when it writes between the end of such a stream and its finish,
  // for which `ws` waits until the other side has said goodbye. Source: lib/internal/js_stream_socket.js, doWrite
  stream._final = (finished) => {
    finished()
    socket.close()
  }
  socket.once('close', () => stream.destroy())
  // Whoever uses the stream learns of its end by `close`.
  stream.on('error', () => socket.terminate())
  return { socket, stream }
}

/** Why a link could not be opened, and when the other side wants to be asked again. */
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

/** @param endpoint http:// or https:// URL of the other side @throws DialError in words for a person */
export function dial(endpoint: string, headers: Record<string, string>): Promise<LinkWire> {
  const options = { ...socketOptions, headers, handshakeTimeout: handshakeDeadlineMs, followRedirects: false, lookup: lookupOfNodes }
  const socket = new WebSocket(endpoint.replace(/^http/, 'ws') + linkPath, [linkProtocol], options)
  // Made before the socket opens: what the other side says first would be lost otherwise.
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
  const retryAfter = Number(response.headers['retry-after'] ?? Number.NaN)
  const retryAfterMs = retryAfter >= 0 ? Math.min(retryAfter, longestRetryAfterS) * 1000 : undefined
  return new DialError(refusalWords(status, endpoint), { status, retryAfterMs })
}

function refusalWords(status: number, endpoint: string): string {
  if (status === 401) return 'refused the credentials (401): it does not know this id, or its key is another one'
  if (status === 404) return `${endpoint} has no links (404): an older version of Selfhostly, or a proxy sends ${linkPath} elsewhere`
  if (status === 409) return 'another machine uses the identity of this node (409)'
  if (status === 429 || status === 503) return `asks to come back later (${status})`
  return `answered ${status} instead of opening a WebSocket. Does a proxy in between pass "Upgrade: websocket"?`
}

/** The primary's side: it asks. */
export function askOver({ stream }: LinkWire): ClientHttp2Session {
  const session = connect('http://node', {
    createConnection: () => stream,
    settings: { enablePush: false, initialWindowSize: streamWindowBytes },
  })
  session.once('connect', () => session.setLocalWindowSize(linkWindowBytes))
  return session
}

/** The node's side: it answers, as its port would. */
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
      // The session is made while this is told.
      server.emit('connection', stream)
      server.off('session', taken)
      if (!session) throw new Error('no HTTP/2 session was made of a link')
      return session
    },
  }
}

/** What watches over an open link. */
export interface LinkWatch {
  /** There is reason to doubt that the other side is there: asks at once, and waits for less long. */
  check: () => void
  /** Another link is taking its place: what is under way ends here, and nothing new begins. */
  isClosing: () => boolean
}

/**
 * Asks the other side again and again whether it is there, and ends the session when it does not answer: a connection that is
 * half-open looks healthy otherwise until something is sent. One that is closing cannot ask any more, and has a time to end.
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
      cancel = clock.after(drainMs, () => end('what was under way over it did not end in time'))
      return
    }
    const now = clock.now().getTime()
    // While this side stood still nobody could be heard, and what came meanwhile is not read yet.
    const lateMs = now - dueAt
    if (lateMs > pingEveryMs / 2) answeredAt += lateMs
    const silentMs = now - answeredAt
    if (silentMs >= deadAfterMs) return end(`nothing was heard over the link for ${silentMs / 1000} s`)
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
      clock.after(pingEveryMs, () => answeredAt === before && !session.closed && end('did not answer when it was asked'))
    },
    isClosing: () => session.closed,
  }
}
