import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { NodeEventHub } from '../node-events.ts'
import { createMisbehavingNodes } from './misbehavior.ts'

/** Keeps track of nodes that exceeded a limit. The limits themselves are next to what they limit. */
export function createNodeLimits({
  nameOf,
  nodeEvents,
  clock,
  log,
}: {
  nameOf: (nodeId: string) => string
  nodeEvents: NodeEventHub
  clock: Clock
  log: Log
}) {
  const misbehavior = createMisbehavingNodes({
    clock,
    onSeen(nodeId, what) {
      log.warn({ node: nameOf(nodeId), what }, 'node misbehaves')
      nodeEvents.emit('detailsChanged', nodeId)
    },
  })
  nodeEvents.on('removed', 'misbehavior', misbehavior.forget)
  return { misbehavior }
}
