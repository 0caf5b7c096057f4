import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { NodeEventHub } from '../node-events.ts'
import { createMisbehavingNodes } from './misbehavior.ts'

/** What one node may cost. The limits themselves are beside what they limit; here is who went beyond one. */
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
