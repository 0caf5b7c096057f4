import type { IncomingMessage } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import type { AccessConfig } from '../auth/access-config.ts'
import type { ApiTokens } from '../auth/api-tokens.ts'
import type { Caller } from '../auth/caller.ts'
import { roleOf } from '../auth/grants.ts'
import { lesserRole } from '../auth/permissions.ts'
import type { Sessions } from '../auth/sessions.ts'
import type { Users } from '../auth/users.ts'
import { placeOf, type Limits } from '../auth/rate-limits.ts'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { browserSecretHeader, browserSecretOf } from './browser-secret.ts'
import { createRequestSource } from './request-source.ts'
import { readSessionCookie } from './session-cookie.ts'

/** Returns whom the edge let through. */
export type VerifyEdge = (token: string) => Promise<{ email: string; name: string | null; subject: string; expiresAt: Date }>

/** Whether an earlier caller would still get in: unchanged, not at all, or with another role or other nodes. */
export type Standing = 'good' | 'over' | 'changed'

interface Entry {
  /** Whether the request can change something or opens a WebSocket. */
  changes: boolean
  /** A token sent by other means than the Authorization header. */
  bearer?: string | undefined
  /** The browser's secret, if sent by other means than its header. */
  browser?: string | null | undefined
  /** A page without secrets. A browser that loads a page can only send the cookie. */
  isPage?: boolean
}

export type Door = ReturnType<typeof createDoor>

/**
 * Authenticates every call to the user surface, over HTTP and WebSocket. Strategies are tried in turn. Each returns a caller, returns
 * null (no such credential) or throws (a bad credential).
 */
export function createDoor(deps: {
  access: AccessConfig
  /** URL at which people reach this server. */
  baseUrl: string
  users: Users
  /** Null when sign-in is off. */
  sessions: Sessions | null
  tokens: ApiTokens
  /** Id of the account that owns tokens made on this machine. */
  machineId: () => string
  limits: Limits
  /** Null if the edge signs nothing. */
  verifyEdge: VerifyEdge | null
  clock: Clock
}) {
  const { access, users, sessions, tokens } = deps
  const { addressOf, isSecure, isOwnPage, isCrossSite, checkHost } = createRequestSource(deps)

  async function byToken(bearer: string, address: string): Promise<Caller> {
    await tokens.learn(bearer)
    const token = tokens.use(bearer)
    const owner = token?.userId ? users.find(token.userId) : undefined
    if (!token || !owner) throw new AppError('UNAUTHENTICATED', 'The bearer token is unknown, revoked or expired')
    return {
      name: owner.login,
      via: 'token',
      tokenName: token.name,
      role: lesserRole(token.scope, owner.role),
      userId: owner.id === deps.machineId() ? null : owner.id,
      nodeLimit: owner.nodeLimit,
      credentialId: token.id,
      expiresAt: token.expiresAt,
      address,
    }
  }

  function bySession(request: IncomingMessage, address: string, { browser, isPage = false }: Entry): Caller | null {
    const cookie = readSessionCookie(request.headers.cookie, isSecure(request))
    const session = cookie === null ? null : (sessions?.use(cookie) ?? null)
    const user = session && users.find(session.userId)
    if (!session || !user) return null
    if (!isPage && !sessions?.isOf(session.id, browser ?? browserSecretOf(request))) {
      throw new AppError(
        'UNAUTHENTICATED',
        `This session is bound to a browser, which sends its secret in ${browserSecretHeader}. In a program, use an API token`,
      )
    }
    return {
      name: user.login,
      via: 'session',
      role: user.role,
      userId: user.id,
      nodeLimit: user.nodeLimit,
      credentialId: session.id,
      expiresAt: null,
      address,
    }
  }

  async function byEdge(request: IncomingMessage, address: string): Promise<Caller> {
    const nobody = { userId: null, credentialId: null, expiresAt: null, address, via: 'edge' } as const
    if (access.mode !== 'trusted-edge' || !deps.verifyEdge) return { ...nobody, name: 'edge', role: 'admin', nodeLimit: null }
    const token = request.headers['cf-access-jwt-assertion']
    if (typeof token !== 'string' || token === '') throw new AppError('UNAUTHENTICATED', 'Cloudflare Access has not signed this request')
    const { email, subject, expiresAt } = await deps.verifyEdge(token)
    return { ...nobody, expiresAt, name: email, ...roleOf(access.grants, { kind: 'access', subject, login: email, email, groups: [] }) }
  }

  /** The checks that do not depend on the caller. @throws UNAUTHENTICATED, FORBIDDEN, MISDIRECTED */
  function check(request: IncomingMessage, { changes }: { changes: boolean }): void {
    if (request.headers['x-node-id'] !== undefined || request.headers['x-node-api-key'] !== undefined) {
      throw new AppError('UNAUTHENTICATED', 'Node credentials work only under /api/internal/')
    }
    checkHost(request)
    if (changes && isCrossSite(request)) throw new AppError('FORBIDDEN', 'This request came from another site')
  }

  async function identify(request: IncomingMessage, address: string, entry: Entry): Promise<Caller> {
    const header = /^Bearer\s+(.+)$/i.exec(request.headers.authorization ?? '')?.[1]
    const token = entry.bearer ?? header
    if (token !== undefined) return byToken(token, address)
    if (request.headers.authorization !== undefined) throw new AppError('UNAUTHENTICATED', 'Only bearer tokens are accepted here')
    const caller = bySession(request, address, entry)
    if (caller) return caller
    if (access.mode === 'trusted-edge') return byEdge(request, address)
    throw new AppError('UNAUTHENTICATED', 'Sign in first, or send an API token: Authorization: Bearer ...')
  }

  return {
    addressOf,
    isSecure,
    isOwnPage,

    /** @throws UNAUTHENTICATED, FORBIDDEN, MISDIRECTED */
    async enter(request: IncomingMessage, options: Entry): Promise<Caller> {
      check(request, options)
      const address = addressOf(request)
      try {
        return await identify(request, address, options)
      } catch (error) {
        // Only wrong credentials count, not missing ones. Correct credentials always pass, whatever else comes from their address:
        // they are too long to guess, and people share addresses.
        const offered = options.bearer ?? request.headers.authorization ?? readSessionCookie(request.headers.cookie, isSecure(request))
        if (error instanceof AppError && error.code === 'UNAUTHENTICATED' && offered)
          await deps.limits.take('user-credentials', placeOf(address))
        throw error
      }
    },

    check,

    /** The current standing of a caller who came in earlier and still has something open. */
    standing({ via, credentialId, userId, role, nodeLimit, expiresAt }: Caller): Standing {
      if (expiresAt && expiresAt <= deps.clock.now()) return 'over'
      const token = via === 'token' ? tokens.find(credentialId ?? '') : null
      const session = via === 'session' ? sessions?.find(credentialId ?? '') : null
      if ((via === 'token' && !token) || (via === 'session' && !session)) return 'over'
      if (userId === null) return 'good'
      const user = users.find(userId)
      if (!user) return 'over'
      if (session && session.userId !== userId) return 'changed'
      const now = token ? lesserRole(token.scope, user.role) : user.role
      return now === role && isDeepStrictEqual(user.nodeLimit, nodeLimit) ? 'good' : 'changed'
    },
  }
}
