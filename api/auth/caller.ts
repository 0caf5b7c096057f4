import { placeOf } from './rate-limits.ts'
import { clusterWide, leastRole, personOnly, roleMay, type Permission, type Role } from './permissions.ts'

/** Sets of labels. A node matches if it has every label of any one set. Null means every node. */
export type NodeLimit = Record<string, string>[] | null

/** Who is calling, as far as the credentials prove it. */
export interface Caller {
  /** A name to show to people. */
  name: string
  /** How the caller was identified: by the edge in front, a signed-in browser or a bearer token. */
  via: 'edge' | 'session' | 'token'
  /** What its API token is called, if it has one. */
  tokenName?: string
  role: Role
  /** Null for callers without an account (tokens made on this machine, the edge). */
  userId: string | null
  nodeLimit: NodeLimit
  /** Id of the session or token, so that ending it also ends what it opened. */
  credentialId: string | null
  /** When the credential expires at the latest. Null if it has no expiry. */
  expiresAt: Date | null
  /** The client's address. Only trusted proxies can forward another one. */
  address: string
}

export const may = ({ role, nodeLimit, via }: Caller, permission: Permission): boolean =>
  roleMay(role, permission) && (nodeLimit === null || !clusterWide.has(permission)) && (via !== 'token' || !personOnly.has(permission))

/** Key for rate limits: the user, however they sign in, else the credential, else the name that the edge gives. */
export const callerKey = ({ userId, credentialId, via, name, address }: Caller): string =>
  userId ?? credentialId ?? `${via} ${name} ${placeOf(address)}`

/** The word for a token's role. */
const scopeOf: Record<Role, string> = { viewer: 'read', operator: 'operate', admin: 'admin' }

/** Tells a caller why they lack a permission. */
export function refusalWords({ role, via }: Caller, permission: Permission): string {
  if (!roleMay(role, permission) && via === 'token')
    return `This needs a token with the scope ${scopeOf[leastRole[permission]]}. This one has ${scopeOf[role]}`
  if (!roleMay(role, permission)) return `This needs the role ${leastRole[permission]}. Yours is ${role}`
  if (via === 'token' && personOnly.has(permission)) return 'API tokens cannot see or change sessions and tokens. Sign in instead'
  return 'This affects every node, and your role covers only some'
}

export const seesNode = ({ nodeLimit }: Caller, labels: Record<string, string>): boolean =>
  nodeLimit === null || nodeLimit.some((set) => Object.entries(set).every(([key, value]) => labels[key] === value))

/**
 * A token belongs to a person who signed in here. Without sign-in, all tokens belong to the account `machine` and only
 * administrators can make them: a token made by anyone else could not follow its maker's limits, or end with its maker's access.
 */
export const mayOwnTokens = (caller: Caller): boolean => caller.userId !== null || isAdministrator(caller)

/** An admin of every node, who also manages what has no owner. */
export const isAdministrator = ({ role, nodeLimit }: Caller): boolean => role === 'admin' && nodeLimit === null
