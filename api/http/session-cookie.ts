import { parse, serialize } from 'hono/utils/cookie'
import { absoluteMs } from '../auth/sessions.ts'

const plainName = 'selfhostly_session'

/** Browsers accept a `__Host-` cookie only over TLS from this exact host, so no other site under the same domain can set one. */
const nameOf = (secure: boolean): string => (secure ? `__Host-${plainName}` : plainName)

const cookie = (value: string, secure: boolean, maxAge: number): string =>
  serialize(nameOf(secure), value, { httpOnly: true, sameSite: 'Lax', path: '/', secure, maxAge })

/** @param secure whether the browser uses TLS @returns the value of a Set-Cookie header */
export const sessionCookie = (value: string, secure: boolean): string => cookie(value, secure, absoluteMs / 1000)

export const endedSessionCookie = (secure: boolean): string => cookie('', secure, 0)

/** The cookie value for `Sessions.use`, or null if there is none. @param header the value of the Cookie header */
export function readSessionCookie(header: string | undefined, secure: boolean): string | null {
  const name = nameOf(secure)
  return (header && parse(header, name)[name]) || null
}
