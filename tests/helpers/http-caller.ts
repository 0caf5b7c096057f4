import { request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { isCredential, isOpenPath, type Credentials } from './credentials.ts'

/** What a server answered, of whatever shape: that is for the test to find out. */
export type Json = ReturnType<typeof JSON.parse>

export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  /** Header names and values in the order in which they came. */
  rawHeaders: string[]
  text: string
  /** The body as JSON; undefined when it is none. */
  json: Json
}

export interface Call {
  method?: string
  /** `host` included, which `fetch` does not let a caller set. */
  headers?: Record<string, string>
  /** Sent as JSON. */
  json?: unknown
  /** Sent as it is; several pieces go without a content-length. */
  body?: string | Buffer | (string | Buffer)[]
}

export interface Caller {
  url: string
  send(path: string, call?: Call): Promise<Answer>
  /** A query or mutation; the whole answer, with `data` and `errors`. */
  graphql(query: string, variables?: Record<string, unknown>, headers?: Record<string, string>): Promise<Json>
}

/**
 * Real HTTP/1.1 to one server, every byte of the request in the caller's hands.
 *
 * @param credentials go with each call that says nothing of who it is, where that matters; `authorization: ''` sends none
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
    // Left out entirely, not sent empty.
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
