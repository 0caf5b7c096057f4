import type { SecretBox } from '../../auth/secret-box.ts'
import type { Clock } from '../../clock.ts'
import type { EntityManager } from '../../db/orm.ts'
import type { Log } from '../../log.ts'
import type { NodeEventHub } from '../node-events.ts'
import { createCloneWatch } from './clones.ts'
import { defaultHealthPolicy } from './health-policy.ts'
import { createHolds } from './holds.ts'
import { createNodeRegistry } from './node-registry.ts'
import { nodeKeys } from './node.entity.ts'

export type Members = ReturnType<typeof createMembers>

/** Who is in the cluster, and in what state. A secondary knows only itself. */
export function createMembers(deps: {
  em: EntityManager
  self: { id: string; name: string; apiEndpoint: string; apiKey: string; isPrimary: boolean }
  secrets: SecretBox
  nodeEvents: NodeEventHub
  clock: Clock
  random: () => number
  log: Log
}) {
  const { em, self, secrets, nodeEvents, clock, random, log } = deps

  const registry = createNodeRegistry({
    em,
    self,
    seal: (apiKey, nodeId) => secrets.seal(apiKey, nodeKeys.contextOf(nodeId)),
    open: (sealed, nodeId) => secrets.open(sealed, nodeKeys.contextOf(nodeId)),
    policy: defaultHealthPolicy,
    random,
    clock,
    log,
    onChange(node, before) {
      nodeEvents.emit('changed', { node, before })
      if (node.health.status !== before?.status) nodeEvents.emit('statusChanged', node)
    },
    onRemoved: (nodeId) => nodeEvents.emit('removed', nodeId),
    onKeyChanged: (nodeId) => nodeEvents.emit('keyChanged', nodeId),
  })
  nodeEvents.on('linkOpened', 'registry', (nodeId) => registry.observe(nodeId, { kind: 'session' }))
  nodeEvents.on('reported', 'about', ({ nodeId, event }) => {
    if (event?.type === 'about') registry.learn(nodeId, event.about)
  })

  const clones = createCloneWatch({ clock, onChange: (nodeId) => nodeEvents.emit('detailsChanged', nodeId) })
  nodeEvents.on('removed', 'clones', clones.forget)

  return { registry, clones, holds: createHolds({ registry, isPrimary: self.isPrimary, clock, log }) }
}
