import { placeOf } from './limits.ts'
import { clusterWide, leastRole, personOnly, roleMay, type Permission, type Role } from './permissions.ts'

/** Labels that a node must have, all of one set; any one of the sets will do. Null: every node. */
export type NodeLimit = Record<string, string>[] | null

/** Whoever is asking, as far as was proved. */
export interface Caller {
  /** For people: who it is. */
  name: string
  /** How that is known: the edge in front, a signed-in browser, a bearer token. */
  via: 'edge' | 'session' | 'token'
  role: Role
  /** Null for callers that are nobody in particular (the tokens of this machine, the edge). */
  userId: string | null
  nodeLimit: NodeLimit
  /** Of the session or token, so that ending it can end what it opened. */
  credentialId: string | null
  /** When that ends at the latest; null where nothing says so. */
  expiresAt: Date | null
  /** Where the call came from, as far as trusted proxies say. */
  address: string
}

export const may = ({ role, nodeLimit, via }: Caller, permission: Permission): boolean =>
  roleMay(role, permission) && (nodeLimit === null || !clusterWide.has(permission)) && (via !== 'token' || !personOnly.has(permission))

/** Whose budgets a call counts against: one person's, however they come; else that of the credential, or of whom the edge names. */
export const callerKey = ({ userId, credentialId, via, name, address }: Caller): string =>
  userId ?? credentialId ?? `${via} ${name} ${placeOf(address)}`

/** Why a caller may not, in words. */
export function refusalWords({ role, via }: Caller, permission: Permission): string {
  if (!roleMay(role, permission)) return `This needs the role ${leastRole[permission]}; yours is ${role}`
  if (via === 'token' && personOnly.has(permission)) return 'A token cannot see or change sessions and tokens. Sign in to do that'
  return 'This reaches every node, and you may act only on some'
}

export const seesNode = ({ nodeLimit }: Caller, labels: Record<string, string>): boolean =>
  nodeLimit === null || nodeLimit.some((set) => Object.entries(set).every(([key, value]) => labels[key] === value))

/**
 * A token belongs to a person who signed in here. Where nobody does, all tokens belong to the account of the machine, and
 * only its administrators make them: a token of a lesser caller would know neither its owner's limits nor its owner's end.
 */
export const mayOwnTokens = (caller: Caller): boolean => caller.userId !== null || isAdministrator(caller)

/** An admin of every node: sees to what belongs to nobody in particular. */
export const isAdministrator = ({ role, nodeLimit }: Caller): boolean => role === 'admin' && nodeLimit === null
