import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { WebSocket } from 'ws'
import { fullDocument } from './full-document.ts'
import { sampleBody } from './sample-body.ts'
import { isQuiet as isQuietSubscription, unknownId } from './sample-document.ts'

/** Ids that an operation refers to, if any. */
export interface Things {
  nodeId: string
  appId: string
  operationId: string
}

/**
 * `in`: done, or refused because of the input. `missing`: not visible to this caller. `denied`: not allowed for this
 * caller. `nobody`: the caller is not known. Otherwise what went wrong.
 */
export type Reached = 'in' | 'missing' | 'denied' | 'nobody' | `wrong: ${string}`

export interface OperationCall {
  url: string
  /** For example `GET /api/apps/:id` or `query apps`. */
  operation: string
  headers: Record<string, string>
  things: Things
}

function idOf(name: string, { nodeId, appId, operationId }: Things): string {
  if (/operation/i.test(name)) return operationId
  if (
    name === 'createApp' ||
    name === 'validateApp' ||
    name === 'createNetwork' ||
    name === 'importApp' ||
    name === 'importPreview' ||
    /node|maintenance|folders|onDisk|composeProjects|container|^(prune|pullImage|diskUsage|remove(Image|Volume|Network))$/i.test(name)
  )
    return name === 'registerNode' ? unknownId : nodeId
  return /App|^app|\/apps|(Images|Volumes|AutoUpdate)$/.test(name) ? appId : unknownId
}

/** Calls an operation on a thing, selecting every field of the answer. */
export async function callOperation(call: OperationCall): Promise<{ reached: Reached; answer: string }> {
  const [kind = '', name = ''] = call.operation.split(' ')
  const id = idOf(name, call.things)
  if (kind === 'subscription') return overWebSocket(call, fullDocument('subscription', name).replaceAll(unknownId, id))
  if (kind === 'query' || kind === 'mutation') {
    // Some take an app and the node that it goes to.
    const document = fullDocument(kind, name).replaceAll(`nodeId: "${unknownId}"`, `nodeId: "${call.things.nodeId}"`)
    // The container of that node has this id.
    const query = /^container(?!Logs)/.test(name) ? document : document.replaceAll(unknownId, id)
    return overHttp(call, 'POST', '/graphql', { query })
  }
  if (name === '/graphql') return overHttp(call, kind, kind === 'GET' ? '/graphql?query={__typename}' : name, { query: '{ __typename }' })
  const path = name.replace(':id', id).replace(':container_id', unknownId).replace(':name', 'octocat').replace('*', '')
  const isOfNode = (kind === 'POST' && /^\/api\/apps(\/validate)?$/.test(path)) || /^\/api\/(folders|compose-projects|networks)/.test(path)
  return overHttp(call, kind, isOfNode ? `${path}?node_id=${call.things.nodeId}` : path, sampleBody(kind, path, call.things.nodeId))
}

let calls = 0

/** A new address for each call, so that per-address limits do not depend on earlier calls. */
const ownAddress = (): string => `127.1.${(calls >> 8) & 255}.${calls++ & 255}`

function overHttp(
  { url, headers }: OperationCall,
  method: string,
  path: string,
  json: object,
): Promise<{ reached: Reached; answer: string }> {
  const payload = method === 'GET' ? undefined : JSON.stringify(json)
  const type = payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(payload)) }
  return new Promise((resolve, reject) => {
    const options = { agent: false, method, localAddress: ownAddress() }
    const sent = request(url + path, { ...options, headers: { accept: 'text/html, application/json', ...type, ...headers } })
    sent.on('error', reject)
    sent.on('response', (response) => {
      text(response).then((answer) => resolve({ reached: readAnswer(response.statusCode ?? 0, path, answer), answer }), reject)
    })
    sent.end(payload)
  })
}

const isAway = /"code":"(NODE_UNREACHABLE|DOCKER_UNAVAILABLE)"/

function readAnswer(status: number, path: string, answer: string): Reached {
  if (status === 401 || answer.includes('"code":"UNAUTHENTICATED"')) return 'nobody'
  if (status === 403 || answer.includes('"code":"FORBIDDEN"')) return 'denied'
  if (answer.includes('"code":"NOT_FOUND"')) return 'missing'
  if (/^\{"data":\{"\w+":null\}\}$/.test(answer)) return 'missing'
  // The "not built" page of the dashboard means that the caller was let in.
  if (status === 503 && path === '/') return 'in'
  if ((status >= 500 && !isAway.test(answer)) || answer.includes('"code":"INTERNAL"')) return `wrong: ${status} ${answer}`
  if (status === 404 || status === 421 || status === 429 || answer.includes('RATE_LIMITED')) return `wrong: ${status} ${answer}`
  return 'in'
}

function overWebSocket({ url, headers, operation }: OperationCall, query: string): Promise<{ reached: Reached; answer: string }> {
  // These send nothing until something happens. When a later subscription has answered, they have been accepted.
  const isQuiet = isQuietSubscription(operation)
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers, localAddress: ownAddress() })
    const finish = (reached: Reached, answer: string): void => {
      socket.terminate()
      resolve({ reached, answer })
    }
    socket.on('error', reject)
    socket.on('unexpected-response', (sent, response) => {
      sent.destroy()
      const status = response.statusCode ?? 0
      resolve({ reached: readAnswer(status, '/graphql', ''), answer: '' })
    })
    socket.on('close', (code, reason) => finish(code === 4401 ? 'nobody' : code === 4403 ? 'denied' : `wrong: ${code}`, String(reason)))
    socket.on('open', () => socket.send('{"type":"connection_init"}'))
    socket.on('message', (data) => {
      const { id, type } = JSON.parse(String(data)) as { id?: string; type: string }
      if (type === 'connection_ack') {
        socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }))
        if (isQuiet)
          socket.send(JSON.stringify({ id: 'next', type: 'subscribe', payload: { query: 'subscription { nodeStatusChanged { id } }' } }))
      } else if (id === 'next') finish('in', '')
      else if (type === 'next' || type === 'error') finish(readAnswer(200, '', String(data)), String(data))
    })
  })
}
