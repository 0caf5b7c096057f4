import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { EventStreams } from '../feed/event-streams.ts'
import type { OwnKey } from '../home/own-key.ts'
import { keyGraceMs } from '../members/node-keys.ts'
import type { NodeRegistry } from '../members/node-registry.ts'
import type { NodeEventHub } from '../node-events.ts'
import type { Transport } from '../transport/transport.ts'
import { createFormerKeys } from './former-keys.ts'
import { createKeyChanges } from './key-changes.ts'

export type Keys = ReturnType<typeof createKeys>

/** Changes nodes' keys and replaces what the old ones opened. This node's own key is in `home/`. */
export function createKeys(deps: {
  isPrimary: boolean
  ownKey: OwnKey
  registry: NodeRegistry
  transport: Transport
  streams: EventStreams
  /** Keys older than this are changed; 0 means never. */
  maxAgeMs: number
  /** Whether automatic actions are allowed now. */
  mayAct: () => boolean
  nodeEvents: NodeEventHub
  clock: Clock
  log: Log
}) {
  const { isPrimary, ownKey, registry, transport, streams, nodeEvents, clock, log } = deps
  const { client, addressOf, links, dialback } = transport

  const formerKeys = createFormerKeys({ registry, links, dialback, streams, graceMs: keyGraceMs, clock })
  nodeEvents.on('keyChanged', 'former keys', formerKeys.replace)

  const { maxAgeMs, mayAct } = deps
  const changes = createKeyChanges({ registry, client, addressOf, maxAgeMs, mayAct, clock, log })
  nodeEvents.on('statusChanged', 'key changes', ({ id, health }) => {
    if (health.status === 'online') changes.finish(id)
  })
  nodeEvents.on('removed', 'key changes', changes.forget)

  /** A call with the next key proves that the node has it. */
  function proved(nodeId: string, apiKey: string): void {
    if (!registry.isNextKey(nodeId, apiKey)) return
    registry.promoteKey(nodeId, apiKey).catch((error: unknown) => log.error({ err: error }, "could not save a node's new key"))
  }

  return {
    rotate: changes.rotate,
    overdue: changes.overdue,
    tick: changes.tick,
    /** What a caller has to prove. A primary checks each node's own key. A secondary accepts any caller that has its key. */
    credentials: isPrimary
      ? { findKeys: registry.keysOf, onProved: proved }
      : { findKeys: ownKey.all, onProved: (_nodeId: string, apiKey: string) => ownKey.used(apiKey) },
  }
}
