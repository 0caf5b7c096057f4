import type { Clock } from '../../clock.ts'
import { AppError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { cordonWords, isOver, newHold, type HoldInput, type HoldKind } from './hold-rules.ts'
import type { ClusterNode, NodeRegistry } from './node-registry.ts'

export type Holds = ReturnType<typeof createHolds>

/** Cordon and maintenance: states that people put a node in, whatever its health. Only the primary knows them, not the nodes. */
export function createHolds({ registry, isPrimary, clock, log }: { registry: NodeRegistry; isPrimary: boolean; clock: Clock; log: Log }) {
  function needPrimary(): void {
    if (!isPrimary) throw new AppError('FORBIDDEN', 'This is a secondary node. Set cordon and maintenance on its primary')
  }

  async function begin(kind: HoldKind, id: string, by: string, input: HoldInput): Promise<ClusterNode> {
    needPrimary()
    const hold = newHold(input, by, clock.now(), registry.get(id)[kind])
    const node = await registry.setHold(id, kind, hold)
    log.info(
      { node: node.name, by, reason: hold.reason, until: hold.until },
      kind === 'cordon' ? 'node cordoned' : 'node maintenance started',
    )
    return node
  }

  async function end(kind: HoldKind, id: string, by: string): Promise<ClusterNode> {
    needPrimary()
    if (!registry.get(id)[kind]) return registry.get(id)
    const node = await registry.setHold(id, kind, null)
    log.info({ node: node.name, by }, kind === 'cordon' ? 'node uncordoned' : 'node maintenance ended')
    return node
  }

  return {
    /** Keeps new apps away. Existing apps keep running and can be changed. Calling it again changes the reason. @throws NOT_FOUND, INVALID_INPUT */
    cordon: (id: string, by: string, reason?: string | null) => begin('cordon', id, by, { reason }),
    /** @throws NOT_FOUND */
    uncordon: (id: string, by: string) => end('cordon', id, by),
    /** Silences alarms. Health checks continue. Calling it again changes the reason and the end. @throws NOT_FOUND, INVALID_INPUT */
    startMaintenance: (id: string, by: string, input: HoldInput) => begin('maintenance', id, by, input),
    /** @throws NOT_FOUND */
    endMaintenance: (id: string, by: string) => end('maintenance', id, by),

    /** @throws CONFLICT for a cordoned node, NOT_FOUND */
    admitNewApp(id: string): void {
      const { name, cordon } = registry.get(id)
      if (cordon) throw new AppError('CONFLICT', cordonWords(name, cordon))
    },

    /** Ends maintenance that has run its time. */
    async tick(): Promise<void> {
      const now = clock.now()
      for (const node of registry.list().filter(({ maintenance }) => isOver(maintenance, now))) {
        // The node may have been removed, or its maintenance extended, since the list was read.
        if (isOver(registry.find(node.id)?.maintenance ?? null, now)) await end('maintenance', node.id, 'schedule')
      }
    },
  }
}
