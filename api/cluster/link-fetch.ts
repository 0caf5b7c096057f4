import { constants, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { Response } from 'undici'

export interface WireRequest {
  method: string
  path: string
  headers: Record<string, string>
  body: string | undefined
  signal: AbortSignal
}

/** Answers that have no body, whatever comes after their headers. Source: RFC 9110, section 6.4.1 */
const bodiless = new Set([204, 205, 304])

/** `fetch` over a link. @throws what the link or the signal ends with */
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
      reject(Object.assign(new Error('the link was cut'), { code: 'ECONNRESET' }))
    })
    stream.on('error', reject)
    stream.once('response', (answer) => {
      const status = Number(answer[constants.HTTP2_HEADER_STATUS])
      const content = bodiless.has(status) ? null : (Readable.toWeb(stream) as ReadableStream<Uint8Array>)
      if (content === null) stream.resume()
      resolve(new Response(content, { status, headers: plainHeaders(answer) }))
    })
    if (body !== undefined) stream.end(body)
  })
}

const plainHeaders = (headers: IncomingHttpHeaders): [string, string][] =>
  Object.entries(headers).flatMap(([name, value]) => (name.startsWith(':') || value === undefined ? [] : [[name, String(value)]]))
