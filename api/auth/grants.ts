import type { NodeLimit } from './caller.ts'
import { roles, rank, type Role } from './permissions.ts'

/** Who says who somebody is. A name means something at one of them only. */
export const providerKinds = ['github', 'oidc', 'access'] as const
export type ProviderKind = (typeof providerKinds)[number]

/** One entry of AUTH_ADMINS, AUTH_OPERATORS or AUTH_VIEWERS: who gets the role, and on which nodes. */
export interface Grant {
  role: Role
  who: {
    kind: 'user' | 'group'
    /** Null: either of two that are in use, see `inUse`. */
    provider: ProviderKind | null
    /** Whether the entry itself names no provider, as none did before. */
    isBare: boolean
    /** A GitHub login, a subject, or an e-mail address; or a group as the provider names it. */
    value: string
  }
  labels: Record<string, string>
}

export interface Person {
  /** Null: an account of this server itself, which no entry names. */
  kind: ProviderKind | null
  subject: string
  login: string
  /** Only where the provider has verified it. */
  email: string | null
  groups: string[]
}

const entryForm = /^(?:(github|oidc|access):)?(group:)?(?!group:)([^[\]\s]+)(?:\[([^\]]+)\])?$/

/**
 * `github:alice`, `oidc:bob@example.com`, `access:carol@example.com`, `group:ops`, or without the provider where one is in use;
 * each may end in `[env=lab;team=web]`, which limits it to nodes with those labels.
 *
 * @throws Error naming the entry that cannot be read
 */
export function parseGrants(role: Role, text: string): Grant[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean)
    .map((entry) => parseGrant(role, entry))
}

function parseGrant(role: Role, entry: string): Grant {
  const [, named, group, value, set = ''] = entryForm.exec(entry) ?? []
  const labels = set
    .split(';')
    .filter(Boolean)
    .map((pair) => pair.split('='))
  const isIncomplete = !value || /^(github|oidc|access):/.test(value) || (group !== undefined && named !== undefined && named !== 'oidc')
  if (isIncomplete || labels.some((pair) => pair.length !== 2 || !pair[0] || !pair[1])) {
    throw new Error(
      `has an entry that cannot be read: "${entry}". Write github:alice, oidc:bob@example.com, access:carol@example.com, group:ops or github:alice[env=lab;team=web]`,
    )
  }
  const provider = group ? 'oidc' : ((named ?? null) as ProviderKind | null)
  const who = { kind: group ? 'group' : 'user', provider, isBare: !group && named === undefined, value } as const
  return { role, who, labels: Object.fromEntries(labels) as Record<string, string> }
}

/**
 * Entries without a provider are of the one that is in use. Of two, a name is GitHub's: what people call themselves at an OpenID
 * Connect provider grants nothing. An address stays open; whose it is has to be known already, see grant-bindings.ts.
 */
export function inUse(grants: Grant[], kinds: ProviderKind[]): Grant[] {
  const [only] = kinds
  const providerOf = (value: string): ProviderKind | null => (kinds.length === 1 && only ? only : value.includes('@') ? null : 'github')
  return grants.map((grant) => (grant.who.isBare ? { ...grant, who: { ...grant.who, provider: providerOf(grant.who.value) } } : grant))
}

/** Whether the entry names this person by something that they cannot choose for themselves. */
export function names({ who }: Grant, { kind, subject, login, email, groups }: Person): boolean {
  if (who.kind === 'group') return kind === 'oidc' && groups.includes(who.value)
  if (kind === null || (who.provider !== null && who.provider !== kind)) return false
  const is = (name: string | null): boolean => name?.toLowerCase() === who.value.toLowerCase()
  return is(email) || (kind === 'github' ? is(login) : subject === who.value)
}

/**
 * The role of a person: the highest that was granted, on the nodes of the grants that give it. Where nothing is granted to
 * anybody, everybody who may sign in is an admin (one person, or a few who trust each other); else the rest are viewers.
 *
 * @param isFor whether a grant is this person's
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
