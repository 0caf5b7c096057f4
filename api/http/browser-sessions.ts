import type { IncomingMessage } from 'node:http'
import type { Context } from 'hono'
import type { AuditLog } from '../auth/audit-log.ts'
import type { SignInMethod } from '../auth/session.entity.ts'
import type { Session, Sessions } from '../auth/sessions.ts'
import type { Users } from '../auth/users.ts'
import type { HttpEnv } from './router.ts'
import { browserSecretOf } from './browser-secret.ts'
import { endedSessionCookie, readSessionCookie, sessionCookie } from './session-cookie.ts'

/** What starting and ending a session needs. */
export interface SessionDeps {
  users: Users
  sessions: Sessions
  audit: AuditLog
  addressOf: (request: IncomingMessage) => string
  /** Whether the browser uses TLS. */
  isSecure: (request: IncomingMessage) => boolean
}

export async function signOut(deps: SessionDeps, c: Context<HttpEnv>): Promise<Response> {
  const request = c.env.incoming
  c.header('set-cookie', endedSessionCookie(deps.isSecure(request)))
  const session = sessionOf(deps, request)
  if (session) {
    const name = deps.users.find(session.userId)?.login ?? session.userId
    const actor = { name, via: 'session', address: deps.addressOf(request) }
    await deps.audit.around(actor, { action: 'sign-out' }, () => deps.sessions.revoke(session.userId, session.id))
  }
  return c.body(null, 204)
}

/**
 * Signs a browser in as this user, bound to the secret that the browser sends. Ends its previous session, because a session never
 * carries over from one sign-in to the next.
 */
export async function openSession(deps: SessionDeps, c: Context<HttpEnv>, user: { id: string }, method: SignInMethod): Promise<void> {
  const request = c.env.incoming
  const from = {
    address: deps.addressOf(request),
    userAgent: request.headers['user-agent'] ?? '',
    browser: browserSecretOf(request),
    method,
  }
  const value = await deps.sessions.open(user.id, from)
  const before = sessionOf(deps, request)
  if (before) await deps.sessions.revoke(before.userId, before.id)
  c.header('set-cookie', sessionCookie(value, deps.isSecure(request)), { append: true })
}

function sessionOf({ sessions, isSecure }: SessionDeps, request: IncomingMessage): Session | null {
  const cookie = readSessionCookie(request.headers.cookie, isSecure(request))
  return cookie === null ? null : sessions.use(cookie)
}
