import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Clock } from '../../api/clock.ts'
import { createLinks } from '../../api/cluster/transport/links.ts'
import { createLinkServer, dial, linkProtocol, socketOptions, wireOf, type LinkWire } from '../../api/cluster/transport/link-socket.ts'
import { peerId } from './peer.ts'
import { recordedLog } from './recorded-log.ts'

/** The primary's links, and a port where every WebSocket becomes a link to one node. */
export async function linkTable(t: ExecutionContext<unknown>, clock: Clock) {
  const ups: string[] = []
  const downs: string[] = []
  const cuts: string[] = []
  const { log, messages } = recordedLog()
  const links = createLinks({
    nameOf: () => 'worker-1',
    onUp: (id) => void ups.push(id),
    onDown: (_, reason) => void downs.push(reason),
    onCut: (_, what) => void cuts.push(what),
    barMs: () => 0,
    clock,
    log,
  })
  const { url, sockets } = await socketPort(t, (socket) => links.use(peerId, wireOf(socket), { dialledBy: 'node', apiKey: 'key' }))
  t.teardown(links.stop)
  return { links, url, sockets, ups, downs, cuts, messages }
}

/** A port that accepts link WebSockets. */
export async function socketPort(t: ExecutionContext<unknown>, onSocket: (socket: WebSocket) => void) {
  const sockets: WebSocket[] = []
  const http = createServer()
  const upgrades = new WebSocketServer({ ...socketOptions, noServer: true, handleProtocols: () => linkProtocol })
  http.on('upgrade', (request, socket, head) => {
    upgrades.handleUpgrade(request, socket, head, (opened) => {
      sockets.push(opened)
      onSocket(opened)
    })
  })
  await once(http.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.terminate()
    http.closeAllConnections()
    http.close()
  })
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, sockets, http }
}

/** The node's end of a link, answered by `listener`. */
export async function nodeEnd(url: string, listener: RequestListener, headers: Record<string, string> = {}): Promise<LinkWire> {
  const wire = await dial(url, headers)
  createLinkServer(listener)
    .answerOver(wire)
    .on('error', () => undefined)
  return wire
}
