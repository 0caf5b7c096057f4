import type { NodeLimit } from './caller.ts'
import type { Account, GrantBindings } from './grant-bindings.ts'
import { roleOf, type Grant } from './grants.ts'
import { isOwnAccount } from './own-accounts.ts'
import type { Role } from './permissions.ts'
import type { UserRow } from './user.entity.ts'

/** What an account can do, as an administrator gives it. */
export interface Standing {
  role: Role
  nodeLimit: NodeLimit
}

/**
 * Where a role comes from. `settings`: AUTH_ADMINS, AUTH_OPERATORS or AUTH_VIEWERS names the person. `dashboard`: an administrator
 * gave it. `default`: neither. `server`: an account of the server itself.
 */
export const roleSources = ['settings', 'dashboard', 'default', 'server'] as const
export type RoleSource = (typeof roleSources)[number]

/** What an account can do. Settings come first, so that whoever runs the server can always set a role straight. */
export function standingOf(
  { provider, role, nodeLimit }: UserRow,
  account: Account,
  { grants, bindings }: { grants: Grant[]; bindings: GrantBindings },
): Standing & { roleFrom: RoleSource } {
  if (isOwnAccount(provider)) return { role: 'admin', nodeLimit: null, roleFrom: 'server' }
  const isFor = (grant: Grant): boolean => bindings.isFor(grant, account)
  if (role && !grants.some(isFor)) return { role, nodeLimit, roleFrom: 'dashboard' }
  return { ...roleOf(grants, account, isFor), roleFrom: grants.some(isFor) ? 'settings' : 'default' }
}
