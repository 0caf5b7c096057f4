import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import type { AccessConfig } from '../auth/access-config.ts'
import type { ApiTokens } from '../auth/api-tokens.ts'
import type { Caller } from '../auth/caller.ts'
import { roleOf } from '../auth/grants.ts'
import { lesserRole } from '../auth/permissions.ts'
import type { Sessions } from '../auth/sessions.ts'
import type { Users } from '../auth/users.ts'
import { placeOf, type Limits } from '../auth/limits.ts'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { isLoopbackHost } from '../loopback.ts'
import { browserSecretHeader, browserSecretOf } from './browser-secret.ts'
import { readSessionCookie } from './session-cookie.ts'

/** Who the edge says it let through. */
export type VerifyEdge = (token: string) => Promise<{ email: string; name: string | null; subject: string; expiresAt: Date }>

/** What became of a caller: would be let in now as then, not any more, or as somebody with another role or other nodes. */
export type Standing = 'good' | 'over' | 'changed'

interface Entry {
  /** Whether the request could change something, or opens a WebSocket. */
  changes: boolean
  /** A token that came another way than in the Authorization header. */
  bearer?: string | undefined
  /** The secret of the browser, where it came another way than in its header. */
  browser?: string | null | undefined
  /** A page that holds nothing secret: a browser that loads one can send a cookie and no more. */
  isPage?: boolean
}

export type Door = ReturnType<typeof createDoor>

/**
 * Everything that a person uses is behind this door, over HTTP and WebSocket alike. Strategies are asked in turn; each
 * answers a caller, nothing (not mine), or refuses (mine, but bad).
 */
export function createDoor(deps: {
  access: AccessConfig
  /** Where people reach this server. */
  baseUrl: string
  users: Users
  /** Null where nobody signs in. */
  sessions: Sessions | null
  tokens: ApiTokens
  /** Whose tokens are those of nobody in particular. */
  machineId: () => string
  limits: Limits
  /** Null where the edge does not sign. */
  verifyEdge: VerifyEdge | null
  clock: Clock
}) {
  const { access, users, sessions, tokens } = deps
  const proxies = blockListOf(access.trustedProxies)
  const ownHosts = new Set([new URL(deps.baseUrl).hostname, ...access.allowedHosts].map((host) => host.toLowerCase()))
  const ownOrigin = new URL(deps.baseUrl).origin

  const isTrustedProxy = (address: string): boolean => {
    const family = isIP(address)
    return family !== 0 && proxies.check(address, family === 6 ? 'ipv6' : 'ipv4')
  }

  /** Where a call comes from: the nearest address that is not a trusted proxy. */
  function addressOf(request: IncomingMessage): string {
    const hops = [...String(request.headers['x-forwarded-for'] ?? '').split(','), plain(request.socket.remoteAddress ?? '')]
      .map((hop) => hop.trim())
      // What is no address was written by somebody else than a proxy, and would be a key of budgets and a line of logs.
      .filter((hop) => isIP(plain(hop)) !== 0)
    let address = hops.pop() ?? ''
    while (isTrustedProxy(address) && hops.length > 0) address = plain(hops.pop() ?? '')
    return address
  }

  /** Whether the person's browser speaks TLS: to this server's own address, or to a trusted proxy that says so. */
  const isSecure = (request: IncomingMessage): boolean =>
    // The link that is printed with localhost is opened without TLS, wherever the rest of the world comes in.
    (deps.baseUrl.startsWith('https:') && !isLoopbackHost(request.headers.host)) ||
    (isTrustedProxy(plain(request.socket.remoteAddress ?? '')) && request.headers['x-forwarded-proto'] === 'https')

  /** Whether a page of this very server sends this. */
  function isOwnOrigin(request: IncomingMessage): boolean {
    const { origin = '', host } = request.headers
    if (origin === ownOrigin) return true
    const from = URL.parse(origin)
    // TLS may end at a proxy that is not known here; but where it is known, a page that came without it is somebody else's.
    const isSameScheme = from?.protocol === 'https:' || (from?.protocol === 'http:' && !isSecure(request))
    return isSameScheme && from.host === host
  }

  /** Whether a browser sends this in the name of another site. What no browser sends has neither header. */
  function isCrossSite(request: IncomingMessage): boolean {
    if (access.corsOrigins.includes(request.headers.origin ?? '')) return false
    return !isOwnPage(request)
  }

  function isOwnPage(request: IncomingMessage): boolean {
    if (request.headers.origin !== undefined) return isOwnOrigin(request)
    return request.headers['sec-fetch-site'] !== 'cross-site'
  }

  function checkHost(request: IncomingMessage): void {
    // A proxy in front may go by the other one. Source: RFC 9112, section 3.2
    if ((request.headersDistinct['host']?.length ?? 0) > 1) throw new AppError('INVALID_INPUT', 'host: a request names one host')
    const host = URL.parse(`http://${request.headers.host ?? ''}`)?.hostname.replace(/^\[|\]$/g, '') ?? ''
    if (isIP(host) || isLoopbackHost(request.headers.host) || ownHosts.has(host.toLowerCase())) return
    throw new AppError('MISDIRECTED', `This server is not known as "${host}". Set AUTH_BASE_URL, or name the host in ALLOWED_HOSTS`)
  }

  async function byToken(bearer: string, address: string): Promise<Caller> {
    await tokens.learn(bearer)
    const token = tokens.use(bearer)
    const owner = token?.userId ? users.find(token.userId) : undefined
    if (!token || !owner) throw new AppError('UNAUTHENTICATED', 'The bearer token is unknown, revoked or over')
    return {
      name: owner.login,
      via: 'token',
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
        `This session belongs to a browser, which shows its secret in ${browserSecretHeader}. Programs use API tokens`,
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

  /** What does not depend on who it is. @throws UNAUTHENTICATED, FORBIDDEN, MISDIRECTED */
  function check(request: IncomingMessage, { changes }: { changes: boolean }): void {
    if (request.headers['x-node-id'] !== undefined || request.headers['x-node-api-key'] !== undefined) {
      throw new AppError('UNAUTHENTICATED', 'Node credentials are for /api/internal; this is what people use')
    }
    checkHost(request)
    if (changes && isCrossSite(request)) throw new AppError('FORBIDDEN', 'This came from a page of another site')
  }

  async function identify(request: IncomingMessage, address: string, entry: Entry): Promise<Caller> {
    const header = /^Bearer\s+(.+)$/i.exec(request.headers.authorization ?? '')?.[1]
    const token = entry.bearer ?? header
    if (token !== undefined) return byToken(token, address)
    if (request.headers.authorization !== undefined) throw new AppError('UNAUTHENTICATED', 'Only bearer tokens are taken here')
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
        // Only what was offered and found wrong counts: whoever offers nothing guesses nothing. Good credentials pass whatever
        // comes from their address beside them: they are too long to be guessed, and people share addresses.
        const offered = options.bearer ?? request.headers.authorization ?? readSessionCookie(request.headers.cookie, isSecure(request))
        if (error instanceof AppError && error.code === 'UNAUTHENTICATED' && offered)
          await deps.limits.take('user-credentials', placeOf(address))
        throw error
      }
    },

    check,

    /** What has become of a caller that came in earlier and has something open still. */
    standing({ via, credentialId, userId, role, nodeLimit, expiresAt }: Caller): Standing {
      if (expiresAt && expiresAt <= deps.clock.now()) return 'over'
      const token = via === 'token' ? tokens.find(credentialId ?? '') : null
      if ((via === 'token' && !token) || (via === 'session' && !sessions?.isOpen(credentialId ?? ''))) return 'over'
      if (userId === null) return 'good'
      const user = users.find(userId)
      if (!user) return 'over'
      const now = token ? lesserRole(token.scope, user.role) : user.role
      return now === role && isDeepStrictEqual(user.nodeLimit, nodeLimit) ? 'good' : 'changed'
    },
  }
}

const plain = (address: string): string => address.replace(/^::ffff:/i, '')

function blockListOf(networks: string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', prefix] = network.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return list
}
