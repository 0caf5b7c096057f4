import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import type { ExecutionContext } from 'ava'
import type { NodeAddress } from '../../api/cluster/members/node-registry.ts'

export interface PeerRequest {
  method: string
  url: string
  headers: IncomingMessage['headers']
  body: string
}

export interface Peer {
  address: NodeAddress
  url: string
  /** Received requests in order. Bodies are read before it answers. */
  requests: PeerRequest[]
  /** Number of connections to it, including closed ones. */
  sockets: Socket[]
  close(): Promise<void>
}

export type Answer = (request: PeerRequest, response: ServerResponse) => void

export const peerId = '00000000-0000-4000-8000-00000000000a'
export const sharedKey = 'the-key-that-both-share'

/** A real HTTP server on its own port that stands in for a node. */
export async function peer(t: ExecutionContext<unknown>, answer: Answer, port = 0): Promise<Peer> {
  const requests: PeerRequest[] = []
  const sockets: Socket[] = []
  const listener: RequestListener = (incoming, response) => {
    text(incoming).then(
      (body) => {
        const request = { method: incoming.method ?? '', url: incoming.url ?? '', headers: incoming.headers, body }
        requests.push(request)
        answer(request, response)
      },
      () => response.destroy(),
    )
  }
  const server = createServer(listener).on('connection', (socket) => sockets.push(socket))
  await once(server.listen(port, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  t.teardown(close)
  return { address: { id: peerId, name: 'worker-1', apiEndpoint: url, apiKey: sharedKey }, url, requests, sockets, close }
}

export function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}
