import type { Caller } from '../auth/caller.ts'
import type { Services } from '../services.ts'
import { createAccess } from './access.ts'
import { createUserAccount } from './account.ts'
import { createUserAlarms } from './alarms.ts'
import { createUserApps } from './apps.ts'
import { createUserAudit } from './audit.ts'
import { createUserJoining } from './joining.ts'
import { createUserMonitoring } from './monitoring.ts'
import { createUserNodes } from './nodes.ts'
import { createUserOperations } from './operations.ts'
import { createUserServer } from './server.ts'
import { createUserSettings } from './settings.ts'
import { createSight } from './sight.ts'
import { createUserUsers } from './users.ts'

export type UserApi = ReturnType<typeof createUserApi>

/**
 * What one caller can see and do. GraphQL and REST have nothing else, so neither can show or change more. Reads and streams have only
 * the caller's nodes and what runs on them. Actions check the permission, act and write to the audit log.
 */
export function createUserApi(services: Services, caller: Caller) {
  const { audit, auditedOperations, inventory, registry, router, self } = services
  const { isPrimary } = self
  const sight = createSight({ caller, registry, inventory })
  const access = createAccess({ ...services, caller, sight })
  return {
    caller,
    noteRefusal: access.noteRefusal,
    nodes: createUserNodes({ ...services, access, selfId: self.id }),
    apps: createUserApps({ access, inventory, router }),
    operations: createUserOperations({ access, inventory, router }),
    monitoring: createUserMonitoring({ access, inventory }),
    alarms: createUserAlarms({ access, alarms: services.alarms }),
    joining: createUserJoining({ ...services, access }),
    settings: createUserSettings({ ...services, access, isPrimary }),
    account: createUserAccount({ access, services: services.access, isPrimary }),
    users: createUserUsers({ access, users: services.access.users }),
    audit: createUserAudit({ access, audit, auditedOperations }),
    server: createUserServer({ ...services, access, accessMode: services.config.access.mode }),
  }
}
