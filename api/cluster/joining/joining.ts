import type { AuditLog } from '../../auth/audit-log.ts'
import type { Clock } from '../../clock.ts'
import type { EntityManager } from '../../db/orm.ts'
import type { EventHub } from '../../events.ts'
import type { Log } from '../../log.ts'
import type { ViewEvents } from '../../view-events.ts'
import type { RegisterNodeInput } from '../members/node-input.ts'
import { nameFor } from '../members/node-names.ts'
import type { ClusterNode, NodeRegistry } from '../members/node-registry.ts'
import { createAdmission } from './admission.ts'
import { createJoinAttempts } from './join-attempts.ts'
import { createJoinTokens } from './join-tokens.ts'

/** Admits new nodes: join tokens, the rules, and the latest attempts. */
export function createJoining(deps: {
  em: EntityManager
  self: { isPrimary: boolean; name: string; apiEndpoint: string }
  registry: NodeRegistry
  register: (input: RegisterNodeInput) => Promise<ClusterNode>
  /** The image that new nodes install. */
  image: string | undefined
  /** The URL where nodes reach this primary, if it was ever changed. */
  primaryUrl: () => string | null
  /** Counts a refused token. @throws RATE_LIMITED */
  countRefused: (address: string) => Promise<void>
  audited: AuditLog['around']
  events: EventHub<ViewEvents>
  clock: Clock
  log: Log
}) {
  const { em, self, registry, register, image, primaryUrl, countRefused, audited, events, clock, log } = deps
  const attempts = createJoinAttempts({ clock, onAttempt: (attempt) => events.emit('joinAttempt', attempt) })
  const tokens = createJoinTokens({ em, clock, self, image, primaryUrl, onRevoked: attempts.forget })
  const { join } = createAdmission({
    self,
    tokens,
    attempts,
    findNode: registry.find,
    nameFor: (pattern, hostname) => nameFor(pattern, hostname, new Set(registry.list().map(({ name }) => name))),
    register,
    learn: registry.learn,
    countRefused,
    audited,
    clock,
    log,
  })
  return { tokens, attempts, join }
}
