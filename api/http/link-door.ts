import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { linkProtocol, socketOptions, wireOf } from '../cluster/link-wire.ts'
import { AppError } from '../errors.ts'
import type { Services } from '../services.ts'
import type { Door } from './door.ts'
import { authenticateCaller } from './node-door.ts'

export type LinkDoor = ReturnType<typeof createLinkDoor>

/** Where the other side of a link knocks: the same credentials as for every internal route, over one WebSocket. */
export function createLinkDoor(services: Services, door: Door) {
  const { self, links, linkGate, nodeCalls, registry } = services
  const sockets = new WebSocketServer({
    ...socketOptions,
    noServer: true,
    handleProtocols: (offered) => (offered.has(linkProtocol) ? linkProtocol : false),
  })

  let isStopped = false

  function connected(socket: WebSocket, callerId: string, apiKey: string): void {
    const wire = wireOf(socket)
    if (self.isPrimary) links.use(callerId, wire, { dialledBy: 'node', apiKey })
    else nodeCalls.emit('linkOpened', wire)
  }

  /** It is there, whatever becomes of the link that it lost, and it is this primary that keeps it from another. */
  function sentAway(callerId: string, seconds: number): void {
    links.toldToWait(callerId, seconds)
    registry.observe(callerId, { kind: 'heartbeat' })
  }

  return {
    /** @throws UNAUTHENTICATED, CONFLICT for a copy of a node, RATE_LIMITED when too many knock at once */
    async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
      const callerId = await authenticateCaller(services, door, request)
      if (callerId === null) throw new AppError('UNAUTHENTICATED', 'Invalid API key')
      if (callerId === self.id) throw new AppError('CONFLICT', 'This is the node itself')
      // A node's own turn first: one that opens links in a loop takes none of the turns of others.
      const ownTurn = self.isPrimary ? links.turnOf(callerId) : 0
      if (ownTurn > 0) {
        sentAway(callerId, ownTurn)
        throw new AppError('RATE_LIMITED', 'This node opens too many links, or was cut off', { retryAfterSeconds: ownTurn })
      }
      const retryAfterSeconds = self.isPrimary ? await linkGate.enter() : 0
      if (retryAfterSeconds > 0) {
        links.turnNotUsed(callerId)
        sentAway(callerId, retryAfterSeconds)
        throw new AppError('RATE_LIMITED', 'Many nodes call at once', { retryAfterSeconds })
      }
      // After a wait its key may be another one, or this node stopping.
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
