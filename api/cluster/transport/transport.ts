import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { MisbehavingNodes } from '../limits/misbehavior.ts'
import type { Members } from '../members/members.ts'
import type { NodeAddress } from '../members/node-registry.ts'
import type { NodeEventHub } from '../node-events.ts'
import { createAcceptGate, linkRate } from './accept-gate.ts'
import { createLinkDialback } from './link-dialback.ts'
import { createLinks } from './links.ts'
import { addressAsSeenFromHere } from './node-address.ts'
import { createNodeClient } from './node-client.ts'

export type Transport = ReturnType<typeof createTransport>

/** Carries calls to nodes, over links or plain HTTP. */
export function createTransport(deps: {
  selfId: string
  /** Distinguishes this program from another one with the same identity. */
  instance: { instanceId: string; hostname: string }
  members: Pick<Members, 'registry' | 'clones'>
  misbehavior: MisbehavingNodes
  nodeEvents: NodeEventHub
  clock: Clock
  log: Log
}) {
  const { selfId, members, misbehavior, nodeEvents, clock, log } = deps
  const { registry, clones } = members
  const { barMs } = misbehavior

  /** The URL and key for calling a node from here. */
  const addressOf = (nodeId: string): NodeAddress => addressAsSeenFromHere(registry.addressOf(nodeId), clones.calledFrom(nodeId))

  const links = createLinks({
    onCut: misbehavior.cut,
    barMs,
    nameOf: (id) => registry.find(id)?.name ?? id,
    // The node may have been removed while its link was opened.
    onUp: (nodeId) => (registry.find(nodeId) ? nodeEvents.emit('linkOpened', nodeId) : links.close(nodeId)),
    onDown: (nodeId) => nodeEvents.emit('linkLost', nodeId),
    clock,
    log,
  })
  const client = createNodeClient({ selfId, instance: deps.instance, linkOf: links.get })
  const dialback = createLinkDialback({
    links,
    addressOf: (id) => (id !== selfId && registry.find(id) ? addressOf(id) : null),
    headersFor: client.headersFor,
    barMs,
    clock,
    log,
  })
  nodeEvents.on('reported', 'dialback', ({ nodeId, event }) => {
    if (event?.type === 'about') dialback.consider(nodeId)
  })

  return {
    addressOf,
    client,
    links,
    dialback,
    linkGate: createAcceptGate({ ...linkRate, clock }),
    stop(): void {
      dialback.stop()
      links.stop()
    },
  }
}
