import { request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { isCredential, isOpenPath, type Credentials } from './credentials.ts'

/** A server's answer, untyped: tests check its shape. */
export type Json = ReturnType<typeof JSON.parse>

export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  /** Header names and values in the order received. */
  rawHeaders: string[]
  text: string
  /** The body as JSON. Undefined if it is not JSON. */
  json: Json
}

export interface Call {
  method?: string
  /** Can include `host`, which `fetch` does not allow. */
  headers?: Record<string, string>
  /** Sent as JSON. */
  json?: unknown
  /** Sent unchanged. Several pieces are sent without a content-length. */
  body?: string | Buffer | (string | Buffer)[]
}

export interface Caller {
  url: string
  send(path: string, call?: Call): Promise<Answer>
  /** A query or mutation. Returns the whole answer, with `data` and `errors`. */
  graphql(query: string, variables?: Record<string, unknown>, headers?: Record<string, string>): Promise<Json>
}

/**
 * Real HTTP/1.1 to one server, with full control over the request's bytes.
 *
 * @param credentials added to calls that need some and have none. `authorization: ''` sends none
 */
export function callerOf(url: string, credentials: Credentials = {}): Caller {
  function send(path: string, call: Call = {}): Promise<Answer> {
    const saysWho = Object.keys(call.headers ?? {}).some(isCredential)
    return sendTo(url + path, saysWho || isOpenPath(path) ? call : { ...call, headers: { ...credentials, ...call.headers } })
  }
  return {
    url,
    send,
    async graphql(query, variables, headers) {
      const answer = await send('/graphql', { method: 'POST', json: { query, variables }, ...(headers ? { headers } : {}) })
      return answer.json
    },
  }
}

function sendTo(url: string, { method = 'GET', headers = {}, json, body }: Call): Promise<Answer> {
  const payload = json === undefined ? body : JSON.stringify(json)
  const type = json === undefined ? {} : { 'content-type': 'application/json' }
  const length = payload === undefined || Array.isArray(payload) ? {} : { 'content-length': String(Buffer.byteLength(payload)) }
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent: false, method, headers: { ...type, ...length, ...headers } }, (response) => {
      buffer(response).then((bytes) => {
        const text = bytes.toString()
        const { statusCode: status = 0, rawHeaders } = response
        resolve({ status, headers: response.headers, rawHeaders, text, json: parseJson(text) })
      }, reject)
    })
    sent.on('error', reject)
    // Omitted, not sent empty.
    for (const name of Object.keys(headers)) if (headers[name] === '') sent.removeHeader(name)
    if (Array.isArray(payload)) for (const piece of payload) sent.write(piece)
    sent.end(Array.isArray(payload) ? undefined : payload)
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
