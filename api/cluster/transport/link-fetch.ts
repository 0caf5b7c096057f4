import { constants, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2'
import { pipeline, Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import { Response } from 'undici'
import { errorMessage } from '../../errors.ts'

export interface WireRequest {
  method: string
  path: string
  headers: Record<string, string>
  body: string | AsyncIterable<Uint8Array> | undefined
  signal: AbortSignal
}

/** Statuses whose responses never have a body. Source: RFC 9110, section 6.4.1 */
const bodiless = new Set([204, 205, 304])

/** `fetch` over a link. @throws the error that ended the link, or the signal's reason */
export function fetchOver(session: ClientHttp2Session, { method, path, headers, body, signal }: WireRequest): Promise<Response> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const stream = session.request({ ':method': method, ':path': path, ...headers }, { endStream: body === undefined })
    const abort = (): void => {
      stream.destroy(signal.reason instanceof Error ? signal.reason : new Error('cancelled'))
    }
    signal.addEventListener('abort', abort, { once: true })
    stream.once('close', () => {
      signal.removeEventListener('abort', abort)
      reject(cut())
    })
    stream.on('error', reject)
    stream.once('response', (answer) => {
      try {
        resolve(responseOf(stream, answer))
      } catch (error) {
        // The status or a header is not valid HTTP. Rethrown from this event listener, the error would end the program.
        stream.destroy()
        reject(new Error(errorMessage(error), { cause: error }))
      }
    })
    if (typeof body === 'string') stream.end(body)
    // When either end closes, so does the other. The stream reports why.
    else if (body) pipeline(Readable.from(body), stream, () => undefined)
  })
}

function responseOf(stream: ClientHttp2Stream, answer: IncomingHttpHeaders): Response {
  const init = { status: Number(answer[constants.HTTP2_HEADER_STATUS]), headers: plainHeaders(answer) }
  if (!bodiless.has(init.status)) return new Response(bodyOf(stream), init)
  stream.resume()
  return new Response(null, init)
}

/** In bytes: how much can wait for a reader beyond the stream's flow-control window. */
const readAheadBytes = 64 * 1024

/**
 * Used instead of `Readable.toWeb`, which treats an answer that arrives in one piece as cut off, and one that the other side
 * cut off as complete.
 */
function bodyOf(stream: ClientHttp2Stream): ReadableStream<Uint8Array> {
  let done = false
  const source: UnderlyingDefaultSource<Uint8Array> = {
    start(controller) {
      const end = (error?: Error): void => {
        if (done) return
        done = true
        if (error) controller.error(error)
        else controller.close()
      }
      stream.on('data', (chunk: Buffer) => {
        if (done) return
        controller.enqueue(chunk)
        if ((controller.desiredSize ?? 0) <= 0) stream.pause()
      })
      stream.once('end', () => end(stream.rstCode === constants.NGHTTP2_NO_ERROR ? undefined : cut()))
      stream.once('error', end)
      stream.once('close', () => end(cut()))
    },
    pull: () => void stream.resume(),
    cancel() {
      done = true
      stream.destroy()
    },
  }
  return new ReadableStream(source, { highWaterMark: readAheadBytes, size: (chunk) => chunk?.byteLength ?? 0 })
}

const cut = (): Error => Object.assign(new Error('the link was cut'), { code: 'ECONNRESET' })

const plainHeaders = (headers: IncomingHttpHeaders): [string, string][] =>
  Object.entries(headers).flatMap(([name, value]) => (name.startsWith(':') || value === undefined ? [] : [[name, String(value)]]))
