/** Roles from least to most powerful. Each can do everything the ones before it can. */
export const roles = ['viewer', 'operator', 'admin'] as const
export type Role = (typeof roles)[number]

/**
 * The lowest role for each kind of action. GraphQL and REST both use this table and nothing else.
 * Docker access is root access: anyone who can change an app controls the node that runs it.
 */
export const leastRole = {
  'cluster.read': 'viewer',
  'node.check': 'operator',
  'node.change': 'admin',
  /** Cordon and maintenance. */
  'node.hold': 'operator',
  'app.change': 'operator',
  /** What the safety policy does not allow by itself. */
  'app.allow': 'admin',
  'settings.read': 'operator',
  'settings.change': 'admin',
  /** The caller's own sessions and tokens. */
  'account.manage': 'viewer',
  'users.manage': 'admin',
  'audit.read': 'admin',
} as const satisfies Record<string, Role>

export type Permission = keyof typeof leastRole

/** Permissions that affect every node, so callers limited to some nodes never have them. */
export const clusterWide: ReadonlySet<Permission> = new Set([
  'node.change',
  'settings.read',
  'settings.change',
  'users.manage',
  'audit.read',
])

/** Permissions that API tokens never have. A leaked token must not sign its owner out, or create another token. */
export const personOnly: ReadonlySet<Permission> = new Set(['account.manage'])

/** Permissions for the whole cluster, which only the primary offers. */
export const primaryOnly: ReadonlySet<Permission> = new Set(['node.change', 'settings.change'])

export const rank = (role: Role): number => roles.indexOf(role)

// Stryker disable next-line EqualityOperator: of two equal roles either is the lesser
export const lesserRole = (a: Role, b: Role): Role => (rank(a) < rank(b) ? a : b)

export const roleMay = (role: Role, permission: Permission): boolean => rank(role) >= rank(leastRole[permission])
