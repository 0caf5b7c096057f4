import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { linkProtocol, socketOptions, wireOf } from '../cluster/transport/link-socket.ts'
import { AppError } from '../errors.ts'
import type { Services } from '../services.ts'
import type { Door } from './door.ts'
import { authenticateCaller } from './node-door.ts'

export type LinkDoor = ReturnType<typeof createLinkDoor>

/** Accepts links from other nodes: one WebSocket, with the same credentials as every internal route. */
export function createLinkDoor(services: Services, door: Door) {
  const { home, members, self, transport } = services
  const { links, linkGate } = transport
  const sockets = new WebSocketServer({
    ...socketOptions,
    noServer: true,
    handleProtocols: (offered) => (offered.has(linkProtocol) ? linkProtocol : false),
  })

  let isStopped = false

  function connected(socket: WebSocket, callerId: string, apiKey: string): void {
    const wire = wireOf(socket)
    if (self.isPrimary) links.use(callerId, wire, { dialledBy: 'node', apiKey })
    else home.events.emit('linkOpened', wire)
  }

  function sentAway(callerId: string, seconds: number): void {
    links.toldToWait(callerId, seconds)
    members.registry.observe(callerId, { kind: 'link-put-off' })
  }

  return {
    /** @throws UNAUTHENTICATED, CONFLICT for a copy of a node, RATE_LIMITED when too many nodes connect at once */
    async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
      const callerId = await authenticateCaller(services, door, request)
      if (callerId === null) throw new AppError('UNAUTHENTICATED', 'Invalid API key')
      if (callerId === self.id) throw new AppError('CONFLICT', 'A node cannot open a link to itself')
      // Check the node's own limit first, so that one that opens links in a loop takes no places from others.
      const ownWaitS = self.isPrimary ? links.openingAfterS(callerId) : 0
      if (ownWaitS > 0) {
        sentAway(callerId, ownWaitS)
        throw new AppError('RATE_LIMITED', 'This node opened too many links, or was cut off', { retryAfterSeconds: ownWaitS })
      }
      const retryAfterSeconds = self.isPrimary ? await linkGate.enter() : 0
      if (retryAfterSeconds > 0) {
        links.notOpened(callerId)
        sentAway(callerId, retryAfterSeconds)
        throw new AppError('RATE_LIMITED', 'Too many nodes are connecting at once', { retryAfterSeconds })
      }
      // During the wait the key may have changed, or this node may be stopping.
      if (isStopped || (self.isPrimary && (await authenticateCaller(services, door, request)) !== callerId))
        throw new AppError('UNAUTHENTICATED', 'Invalid API key')
      sockets.handleUpgrade(request, socket, head, (opened) => connected(opened, callerId, String(request.headers['x-node-api-key'])))
    },

    stop(): void {
      isStopped = true
      for (const client of sockets.clients) client.terminate()
      sockets.close()
    },
  }
}
