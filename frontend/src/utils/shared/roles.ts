import type { Role } from '../../graphql/generated/graphql.ts'

export const roleNames: Record<Role, string> = { VIEWER: 'Viewer', OPERATOR: 'Operator', ADMIN: 'Admin' }

/** From least to most powerful. */
export const roles: Role[] = ['VIEWER', 'OPERATOR', 'ADMIN']

export const roleWords: Record<Role, string> = {
  VIEWER: 'Can view nodes, apps and stats',
  OPERATOR: 'Can view nodes, apps and stats, run and change apps, and check nodes',
  ADMIN: 'Can manage apps, nodes, settings and users, and read the audit log',
}

export const rolesUpTo = (role: Role): Role[] => roles.slice(0, roles.indexOf(role) + 1)
