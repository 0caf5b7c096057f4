import { once } from 'node:events'
import { WebSocket } from 'ws'
import { isCredential, type Credentials } from './credentials.ts'
import type { Json } from './http-caller.ts'

interface Server {
  url: string
  /** Default credentials. */
  headers?: Credentials
}

/** An open WebSocket to `/graphql`. The test decides what to send. */
export async function openWebSocket({ url, headers: own }: Server, given: Record<string, string> = {}): Promise<WebSocket> {
  const headers = Object.keys(given).some(isCredential) ? given : { ...own, ...given }
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers })
  await once(socket, 'open')
  return socket
}

/** The next message, as JSON. @throws AbortError with the close code in its cause, if the socket closes first */
export async function nextMessage(socket: WebSocket): Promise<Json> {
  const closed = new AbortController()
  const onClose = (code: number): void => closed.abort(new Error(`the socket was closed with ${code}`))
  socket.once('close', onClose)
  try {
    const [data] = await once(socket, 'message', { signal: closed.signal })
    return JSON.parse(String(data))
  } finally {
    socket.off('close', onClose)
  }
}

/** An open and initialized WebSocket, ready for operations. */
export async function openGraphqlSocket(node: Server, headers: Record<string, string> = {}): Promise<WebSocket> {
  const socket = await openWebSocket(node, headers)
  socket.send('{"type":"connection_init"}')
  await nextMessage(socket)
  return socket
}

export const subscribeMessage = (id: string, query: string): string => JSON.stringify({ id, type: 'subscribe', payload: { query } })

/** The code the server closes it with. */
export async function closeCode(socket: WebSocket): Promise<number> {
  const [code] = await once(socket, 'close')
  return code as number
}
