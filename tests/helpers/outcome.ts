import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { WebSocket } from 'ws'
import { sampleBody } from './sample-body.ts'
import { sampleDocument, unknownId } from './sample-document.ts'

/** `in`: the operation was reached, whatever it answered. `absent`: no such route. Otherwise the refusal's status. */
export type Outcome = 'in' | 'absent' | number

export interface CallerKind {
  /** The address it calls, on this machine. */
  origin: string
  headers: Record<string, string>
  /** The node it claims to be. */
  nodeId?: string
}

/** The outcome of an operation for a caller: a route such as `GET /api/apps/:id` or a field such as `query apps`. */
export function outcomeOf(operation: string, caller: CallerKind): Promise<Outcome> {
  const [kind = '', name = ''] = operation.split(' ')
  if (kind === 'subscription') return overWebSocket(caller, sampleDocument('subscription', name))
  if (kind === 'query' || kind === 'mutation') return overHttp(caller, 'POST', '/graphql', { query: sampleDocument(kind, name) })
  if (name === '/graphql') return overHttp(caller, kind, kind === 'GET' ? '/graphql?query={__typename}' : name, { query: '{ __typename }' })
  const isOwnPath = name.endsWith('/heartbeat')
  const path = name
    .replace(':id', (isOwnPath && caller.nodeId) || unknownId)
    .replace(':name', 'octocat')
    .replace('*', '')
  return overHttp(caller, kind, path, sampleBody(kind, path))
}

function overHttp({ origin, headers }: CallerKind, method: string, path: string, body: object): Promise<Outcome> {
  const payload = method === 'GET' ? undefined : JSON.stringify(body)
  const type = payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(payload)) }
  return new Promise((resolve, reject) => {
    const sent = request(origin + path, { agent: false, method, headers: { accept: 'text/html, application/json', ...type, ...headers } })
    sent.on('error', reject)
    sent.on('response', (response) => {
      const isEndless = response.headers['content-type']?.startsWith('text/event-stream')
      if (isEndless) return resolve(response.destroy() && 'in')
      text(response).then((answer) => resolve(readAnswer(response.statusCode ?? 0, path, answer)), reject)
    })
    sent.end(payload)
  })
}

function readAnswer(status: number, path: string, answer: string): Outcome {
  if (status === 401 || status === 403 || status === 421 || status === 429) return status
  // The "not built" page of the dashboard means that the caller was let in.
  if (status === 503 && path === '/') return 'in'
  if (status >= 500) return status
  if (status === 404 && !answer.includes('"code":"NOT_FOUND"')) return 'absent'
  if (answer.includes('"code":"UNAUTHENTICATED"')) return 401
  return answer.includes('"code":"FORBIDDEN"') ? 403 : 'in'
}

function overWebSocket({ origin, headers }: CallerKind, query: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers })
    const finish = (outcome: Outcome): void => {
      socket.terminate()
      resolve(outcome)
    }
    socket.on('error', reject)
    socket.on('unexpected-response', (sent, response) => {
      sent.destroy()
      resolve(response.statusCode ?? 0)
    })
    socket.on('close', (code) => finish(code >= 4401 && code <= 4403 ? code - 4000 : 500))
    socket.on('open', () => socket.send('{"type":"connection_init"}'))
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as { type: string }
      if (message.type === 'connection_ack') {
        socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }))
        // Some subscriptions have nothing to say yet; by the answer to this the operation has been taken or refused.
        socket.send('{"type":"ping"}')
      } else if (message.type === 'error') finish(readAnswer(200, '/graphql', String(data)))
      else finish('in')
    })
  })
}
