/** What a person may be, from least to most. Each may do all that the ones before it may. */
export const roles = ['viewer', 'operator', 'admin'] as const
export type Role = (typeof roles)[number]

/**
 * The least role for each thing that people do. The GraphQL schema and REST both ask this table and nothing else.
 * Docker access is root access: whoever may change an app owns the node that runs it.
 */
export const leastRole = {
  'cluster.read': 'viewer',
  'node.check': 'operator',
  'node.change': 'admin',
  /** Cordon and maintenance. */
  'node.hold': 'operator',
  'app.change': 'operator',
  'settings.read': 'operator',
  'settings.change': 'admin',
  /** One's own sessions and tokens. */
  'account.manage': 'viewer',
  'users.manage': 'admin',
  'audit.read': 'admin',
} as const satisfies Record<string, Role>

export type Permission = keyof typeof leastRole

/** Not for callers who are limited to some nodes: these reach all of them. */
export const clusterWide: ReadonlySet<Permission> = new Set([
  'node.change',
  'settings.read',
  'settings.change',
  'users.manage',
  'audit.read',
])

/** Not for tokens: one that was found must not end what its owner could still stop it with, nor make itself a successor. */
export const personOnly: ReadonlySet<Permission> = new Set(['account.manage'])

/** What is done on the primary for the whole cluster: a secondary offers none of it. */
export const primaryOnly: ReadonlySet<Permission> = new Set(['node.change', 'settings.change', 'users.manage'])

export const rank = (role: Role): number => roles.indexOf(role)

export const lesserRole = (a: Role, b: Role): Role => (rank(a) < rank(b) ? a : b)

export const roleMay = (role: Role, permission: Permission): boolean => rank(role) >= rank(leastRole[permission])
