import type { Clock } from '../../clock.ts'
import { StartError } from '../../errors.ts'
import { firstCheckAfterStart, phaseOf } from './check-times.ts'
import type { ClusterNode } from './cluster-node.ts'
import type { HealthPolicy } from './health-policy.ts'
import type { NodeKeys } from './node-keys.ts'
import { nodeOfRow, type NodeRecords } from './node-records.ts'

/** Fills the registry at the start: on a primary with every node, on a secondary with itself alone. @throws StartError */
export async function loadNodes(deps: {
  self: { id: string; name: string; apiEndpoint: string; apiKey: string; isPrimary: boolean }
  nodes: Map<string, ClusterNode>
  keys: NodeKeys
  records: NodeRecords
  policy: HealthPolicy
  clock: Clock
}): Promise<void> {
  const { self, nodes, keys, records, policy, clock } = deps
  await records.dropFormerSelf()
  const now = clock.now()
  for (const row of self.isPrimary ? await records.others() : []) {
    nodes.set(row.id, nodeOfRow(row, firstCheckAfterStart(phaseOf(row.id), now, policy)))
    keys.load(row)
  }
  if ([...nodes.values()].some((node) => node.name === self.name)) {
    throw new StartError(`NODE_NAME: a registered node is already named ${self.name}. Choose another name for this one`)
  }
  const { apiKey, ...identity } = self
  nodes.set(self.id, await records.saveSelf(identity, clock.now()))
  keys.set(self.id, apiKey)
}
