import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { answer } from './worker.ts'

// The baseline for the program: plain node:http (and ws) that answers the same bytes.

export interface BareAnswer {
  headers: Record<string, string>
  body: string
  /** Also sent to every open WebSocket on each request. */
  broadcast?: string
}

async function listen({ headers, body, broadcast }: BareAnswer): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      response.writeHead(200, headers).end(body)
      if (broadcast !== undefined) for (const client of sockets.clients) client.send(broadcast)
    })
  })
  const sockets = new WebSocketServer({ server })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const handlers = { listen }

answer(handlers)

export type BareServerApi = typeof handlers
