import { createHash, createHmac, randomBytes } from 'node:crypto'
import type { EntityManager } from '../db/orm.ts'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { createLastUses } from './last-uses.ts'
import { sameSecret } from './node-credentials.ts'
import { SessionEntity, type SessionRow, type SignInMethod } from './session.entity.ts'

/** A browser has to sign in again after a week without use, and after a month in any case. */
export const idleMs = 7 * 24 * 3600 * 1000
export const absoluteMs = 30 * 24 * 3600 * 1000

/** Lists of people hear once in each minute that somebody is here. */
const minuteOf = (at: Date): number => Math.floor(at.getTime() / 60_000)

/** More browsers than anyone has. A program that keeps signing in must not fill the database. */
const mostPerUser = 50

export interface Session {
  id: string
  userId: string
  createdAt: Date
  lastUsedAt: Date
  expiresAt: Date
  address: string
  userAgent: string
  /** Null for sessions from before this was stored. */
  method: SignInMethod | null
}

/** Where a sign-in comes from, and how it was done. */
export interface SessionStart {
  address: string
  userAgent: string
  browser?: string | null
  method?: SignInMethod
}

export type Sessions = ReturnType<typeof createSessions>

/**
 * Signed-in browsers. The cookie holds a random value and its signature, the database only a hash of the value. Use extends a
 * session, up to an absolute limit.
 */
export function createSessions(deps: {
  em: EntityManager
  clock: Clock
  /** JWT_SECRET, or the server's own. Cookies that it did not sign are not looked up. */
  secret: string
  onEnded: (sessionId: string) => void
  /** Called after a session began, ended, became another account's or was used, once in each minute. */
  onChanged: () => void
}) {
  const { em, clock } = deps
  const rows = new Map<string, SessionRow>()
  const uses = createLastUses<SessionRow>({
    ...{ em, find: (id) => rows.get(id) },
    write: (transaction, { id, lastUsedAt }) => transaction.nativeUpdate(SessionEntity, { id }, { lastUsedAt }),
  })

  const idOf = (value: string): string => createHash('sha256').update(value).digest('base64url')
  const sign = (value: string): string => createHmac('sha256', deps.secret).update(value).digest('base64url')
  const expiresAt = ({ createdAt, lastUsedAt }: SessionRow): Date =>
    new Date(Math.min(lastUsedAt.getTime() + idleMs, createdAt.getTime() + absoluteMs))
  const isOver = (row: SessionRow): boolean => expiresAt(row) <= clock.now()
  const view = (row: SessionRow): Session => {
    const { id, user: userId, createdAt, lastUsedAt, address, userAgent, method } = row
    return { id, userId, createdAt, lastUsedAt, expiresAt: expiresAt(row), address, userAgent, method }
  }

  /** A person's sessions beyond the limit, least recently used. */
  const beyond = (userId: string): string[] =>
    [...rows.values()]
      .filter((row) => row.user === userId)
      .sort((a, b) => b.lastUsedAt.getTime() - a.lastUsedAt.getTime())
      .slice(mostPerUser)
      .map(({ id }) => id)

  async function end(ids: string[]): Promise<void> {
    if (ids.length === 0) return
    await em.fork().nativeDelete(SessionEntity, { id: { $in: ids } })
    for (const id of ids) {
      rows.delete(id)
      uses.forget(id)
      deps.onEnded(id)
    }
    deps.onChanged()
  }

  return {
    async start(): Promise<void> {
      for (const row of await em.fork().find(SessionEntity, {})) rows.set(row.id, row)
    },

    /** Starts a session after a sign-in. Always uses a new value, whatever cookie the browser had. @returns the cookie's value */
    async open(userId: string, from: SessionStart): Promise<string> {
      const value = randomBytes(32).toString('base64url')
      const now = clock.now()
      const userAgent = from.userAgent.slice(0, 300)
      const browser = from.browser ? idOf(from.browser) : null
      const { address, method = null } = from
      const row: SessionRow = { id: idOf(value), user: userId, createdAt: now, lastUsedAt: now, address, userAgent, browser, method }
      await em.fork().insert(SessionEntity, { ...row })
      rows.set(row.id, row)
      await end(beyond(userId))
      deps.onChanged()
      return `${value}.${sign(value)}`
    },

    /** A cookie's session, or null if it is forged, ended or expired. Counts as use. `isOf` checks that the right browser sent it. */
    use(cookie: string): Session | null {
      const [value = '', signature = ''] = cookie.split('.')
      if (!sameSecret(sign(value), signature)) return null
      const row = rows.get(idOf(value))
      if (!row || isOver(row)) return null
      const before = row.lastUsedAt
      row.lastUsedAt = clock.now()
      uses.touched(row.id)
      if (minuteOf(row.lastUsedAt) !== minuteOf(before)) deps.onChanged()
      return view(row)
    },

    /** Null if it is not open. */
    find: (id: string): Session | null => {
      const row = rows.get(id)
      return row && !isOver(row) ? view(row) : null
    },

    /** Makes an open session another account's, which its browser has just proven to own. */
    async reassign(id: string, userId: string): Promise<void> {
      const row = rows.get(id)
      if (!row) return
      await em.fork().nativeUpdate(SessionEntity, { id }, { user: userId })
      row.user = userId
      deps.onChanged()
    },

    isOpen: (id: string): boolean => {
      const row = rows.get(id)
      return row !== undefined && !isOver(row)
    },

    /**
     * Whether this secret belongs to the browser that signed in. The cookie alone proves little, because every app on the same host
     * can get it. True for a session opened without a secret, which programs can do but browsers never do.
     */
    isOf(id: string, browser: string | null): boolean {
      const bound = rows.get(id)?.browser
      if (bound === undefined) return false
      return bound === null || (browser !== null && sameSecret(bound, idOf(browser)))
    },

    listOf: (userId: string): Session[] =>
      [...rows.values()]
        .filter((row) => row.user === userId && !isOver(row))
        .map(view)
        .sort((a, b) => b.lastUsedAt.getTime() - a.lastUsedAt.getTime()),

    /** @throws NOT_FOUND if it is not this user's session */
    async revoke(userId: string, id: string): Promise<void> {
      if (rows.get(id)?.user !== userId) throw new AppError('NOT_FOUND', 'There is no such session')
      await end([id])
    },

    /** Signs a user out everywhere, or everywhere except in one session. */
    async revokeAll(userId: string, except?: string): Promise<void> {
      await end([...rows.values()].filter((row) => row.user === userId && row.id !== except).map((row) => row.id))
    },

    /** The database deletes a user's sessions with the user. This drops them from memory. */
    forgetUser(userId: string): void {
      for (const row of [...rows.values()].filter(({ user }) => user === userId)) {
        rows.delete(row.id)
        deps.onEnded(row.id)
      }
    },

    /** Stores when sessions were last used, and deletes expired ones. */
    async flush(): Promise<void> {
      await end([...rows.values()].filter(isOver).map((row) => row.id))
      await uses.flush()
    },
  }
}
