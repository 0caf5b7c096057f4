import type { NodeLimit } from './caller.ts'
import { roles, rank, type Role } from './permissions.ts'

/** One entry of AUTH_ADMINS, AUTH_OPERATORS or AUTH_VIEWERS: who gets the role, and on which nodes. */
export interface Grant {
  role: Role
  /** A login or e-mail address, lower case; or a group as the provider names it. */
  who: { kind: 'user' | 'group'; value: string }
  labels: Record<string, string>
}

export interface Person {
  login: string
  email: string | null
  groups: string[]
}

/**
 * `alice`, `bob@example.com`, `group:ops`; each may end in `[env=lab;team=web]`, which limits it to nodes with those labels.
 *
 * @throws Error naming the entry that cannot be read
 */
export function parseGrants(role: Role, text: string): Grant[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean)
    .map((entry) => {
      const parts = /^(group:)?(?!group:)([^[\]\s]+)(?:\[([^\]]+)\])?$/.exec(entry)
      const labels = (parts?.[3] ?? '')
        .split(';')
        .filter(Boolean)
        .map((pair) => pair.split('='))
      if (!parts?.[2] || labels.some((pair) => pair.length !== 2 || !pair[0] || !pair[1])) {
        throw new Error(`has an entry that cannot be read: "${entry}". Write alice, bob@example.com, group:ops or alice[env=lab;team=web]`)
      }
      const value = parts[1] ? parts[2] : parts[2].toLowerCase()
      return { role, who: { kind: parts[1] ? 'group' : 'user', value }, labels: Object.fromEntries(labels) as Record<string, string> }
    })
}

/**
 * The role of a person: the highest that was granted, on the nodes of the grants that give it. Where nothing is granted to
 * anybody, everybody who may sign in is an admin (one person, or a few who trust each other); else the rest are viewers.
 */
export function roleOf(grants: Grant[], person: Person): { role: Role; nodeLimit: NodeLimit } {
  if (grants.length === 0) return { role: 'admin', nodeLimit: null }
  const own = grants.filter(({ who }) =>
    who.kind === 'group'
      ? person.groups.includes(who.value)
      : [person.login, person.email].some((name) => name?.toLowerCase() === who.value),
  )
  const role = roles[Math.max(0, ...own.map((grant) => rank(grant.role)))] ?? 'viewer'
  const giving = own.filter((grant) => grant.role === role).map(({ labels }) => labels)
  const unlimited = giving.length === 0 || giving.some((labels) => Object.keys(labels).length === 0)
  return { role, nodeLimit: unlimited ? null : giving }
}
