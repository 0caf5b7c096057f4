import type { Caller } from '../auth/caller.ts'
import type { Services } from '../services.ts'
import { createAccess } from './access.ts'
import { createUserAccount } from './account.ts'
import { createUserAlarms } from './alarms.ts'
import { createUserApps } from './apps.ts'
import { createUserAudit } from './audit.ts'
import { createUserBackups } from './backups.ts'
import { createUserDoctor } from './doctor.ts'
import { createUserHistory } from './history.ts'
import { createUserEngine } from './engine.ts'
import { createUserImages } from './images.ts'
import { createUserJoining } from './joining.ts'
import { createUserLogs } from './logs.ts'
import { createUserMonitoring } from './monitoring.ts'
import { createUserNotifications } from './notifications.ts'
import { createUserNodes } from './nodes.ts'
import { createUserOwnSignIn } from './own-sign-in.ts'
import { createUserOperations } from './operations.ts'
import { createUserServer } from './server.ts'
import { createUserSettings } from './settings.ts'
import { createSight } from './sight.ts'
import { createUserTimeline } from './timeline.ts'
import { createUserTerminals } from './terminals.ts'
import { createUserUsers } from './users.ts'

export type UserApi = ReturnType<typeof createUserApi>

/**
 * What one caller can see and do. GraphQL and REST get nothing else, so neither can show or change more. Reads and streams contain only
 * the caller's nodes and what runs on them. Actions check the permission, act and write to the audit log.
 */
export function createUserApi(services: Services, caller: Caller) {
  const { auditedOperations, config, copies, details, events, feed, health, home, joining, keys, log, newest } = services
  const { membership, members, primaryMove, router, self, settings, storage, version } = services
  const { registry, holds } = members
  const { inventory } = feed
  const { isPrimary } = self
  const nodeIds = (): string[] => registry.list().map(({ id }) => id)
  const { audit, limits } = services.access
  const sight = createSight({ caller, registry, inventory })
  const access = createAccess({ caller, sight, audit, auditedOperations, limits, events, log })
  return {
    caller,
    noteRefusal: access.noteRefusal,
    nodes: createUserNodes({ access, selfId: self.id, registry, membership, holds, keys, ...health, ...details }),
    apps: createUserApps({ access, inventory, router, copies, newest }),
    logs: createUserLogs({ access, hub: services.logHub }),
    engine: createUserEngine({ access, inventory, router, registry, dockerAway: (nodeId) => health.knownOf(nodeId).dockerAway }),
    terminals: createUserTerminals({ access, inventory, hub: services.openTerminals }),
    operations: createUserOperations({ access, inventory, router }),
    monitoring: createUserMonitoring({ access, inventory, watched: services.watched, nodeIds }),
    history: createUserHistory({
      ...{ access, router, clock: services.clock, outages: health.history, totals: services.totals },
      ...{ selfId: self.id, nodeIds, statsOf: inventory.statsOf },
    }),
    timeline: createUserTimeline({
      ...{ access, router, clock: services.clock, changes: health.history },
      ...{ operations: inventory.operations, nodeIds },
    }),
    alarms: createUserAlarms({ access, alarms: services.alarms }),
    notifications: createUserNotifications({ access, isPrimary, notifications: services.notifications }),
    joining: createUserJoining({ access, tokens: joining.tokens, attempts: joining.attempts }),
    images: createUserImages({ access, registries: services.registries, checks: services.imageChecks, router }),
    settings: createUserSettings({ access, isPrimary, settings, primaryMove }),
    backups: createUserBackups({ access, backups: services.backups, log }),
    doctor: createUserDoctor({ access, doctor: services.doctor }),
    account: createUserAccount({ access, services: services.access, isPrimary }),
    signIn: createUserOwnSignIn({ access, services: services.access }),
    users: createUserUsers({ access, services: services.access }),
    audit: createUserAudit({ access, audit, auditedOperations }),
    server: createUserServer({ access, version, self, accessMode: config.access.mode, storage, backups: services.backups, ...home }),
  }
}
