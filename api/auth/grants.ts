import type { NodeLimit } from './caller.ts'
import { roles, rank, type Role } from './permissions.ts'

/** The kinds of identity provider. A name is only meaningful within one of them. */
export const providerKinds = ['github', 'oidc', 'access'] as const
export type ProviderKind = (typeof providerKinds)[number]

/** One entry of AUTH_ADMINS, AUTH_OPERATORS or AUTH_VIEWERS: who gets the role, and on which nodes. */
export interface Grant {
  role: Role
  who: {
    kind: 'user' | 'group'
    /** Null means either of the two in use; see `inUse`. */
    provider: ProviderKind | null
    /** Whether the entry names no provider, as in older versions. */
    isBare: boolean
    /** A GitHub login, a subject, an e-mail address, or the provider's name for a group. */
    value: string
  }
  labels: Record<string, string>
}

export interface Person {
  /** Null for accounts of this server itself, which no entry names. */
  kind: ProviderKind | null
  subject: string
  login: string
  /** Null unless the provider has verified it. */
  email: string | null
  groups: string[]
}

const entryForm = /^(?:(github|oidc|access):)?(group:)?(?!group:)([^[\]\s]+)(?:\[([^\]]+)\])?$/

/**
 * `github:alice`, `oidc:bob@example.com`, `access:carol@example.com`, `group:ops`. The provider can be left out if only one is in
 * use. Each can end in `[env=lab;team=web]`, which limits it to nodes with those labels.
 *
 * @throws Error naming the invalid entry
 */
export function parseGrants(role: Role, text: string): Grant[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean)
    .map((entry) => parseGrant(role, entry))
}

function parseGrant(role: Role, entry: string): Grant {
  // Stryker disable next-line ArrayDeclaration: without a match there is no value either way
  const [, named, group, value, set = ''] = entryForm.exec(entry) ?? []
  const labels = set
    .split(';')
    .filter(Boolean)
    .map((pair) => pair.split('='))
  const isIncomplete = !value || /^(github|oidc|access):/.test(value) || (group !== undefined && named !== undefined && named !== 'oidc')
  if (isIncomplete || labels.some((pair) => pair.length !== 2 || !pair[0] || !pair[1])) {
    throw new Error(
      `has an invalid entry: "${entry}". Write github:alice, oidc:bob@example.com, access:carol@example.com, group:ops or github:alice[env=lab;team=web]`,
    )
  }
  const provider = group ? 'oidc' : ((named ?? null) as ProviderKind | null)
  const who = { kind: group ? 'group' : 'user', provider, isBare: !group && named === undefined, value } as const
  return { role, who, labels: Object.fromEntries(labels) as Record<string, string> }
}

/**
 * Fills in the provider of entries that name none. If one is in use, it is that one. If both are, a name is a GitHub login,
 * because people choose their own names at an OpenID Connect provider. An e-mail address stays open, and must belong to an account
 * that is already known; see grant-bindings.ts.
 */
export function inUse(grants: Grant[], kinds: ProviderKind[]): Grant[] {
  const [only] = kinds
  const providerOf = (value: string): ProviderKind | null => (kinds.length === 1 && only ? only : value.includes('@') ? null : 'github')
  return grants.map((grant) => (grant.who.isBare ? { ...grant, who: { ...grant.who, provider: providerOf(grant.who.value) } } : grant))
}

/** Whether the entry matches this person by something they cannot choose themselves. */
export function names({ who }: Grant, { kind, subject, login, email, groups }: Person): boolean {
  if (who.kind === 'group') return kind === 'oidc' && groups.includes(who.value)
  if (kind === null || (who.provider !== null && who.provider !== kind)) return false
  const is = (name: string | null): boolean => name?.toLowerCase() === who.value.toLowerCase()
  return is(email) || (kind === 'github' ? is(login) : subject === who.value)
}

/**
 * A person's role: the highest one granted, on the nodes of the grants that give it. Without any grants, everyone allowed to sign
 * in is an admin (one person, or a few who trust each other). With grants, everyone else is a viewer.
 *
 * @param isFor whether a grant applies to this person
 */
export function roleOf(
  grants: Grant[],
  person: Person,
  isFor: (grant: Grant, person: Person) => boolean = names,
): { role: Role; nodeLimit: NodeLimit } {
  if (grants.length === 0) return { role: 'admin', nodeLimit: null }
  const own = grants.filter((grant) => isFor(grant, person))
  const role = roles[Math.max(0, ...own.map((grant) => rank(grant.role)))] ?? 'viewer'
  const giving = own.filter((grant) => grant.role === role).map(({ labels }) => labels)
  const unlimited = giving.length === 0 || giving.some((labels) => Object.keys(labels).length === 0)
  return { role, nodeLimit: unlimited ? null : giving }
}
