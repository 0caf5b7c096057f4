import type { IncomingMessage } from 'node:http'

/**
 * Cookies are sent to every port of a host, hence to every app on the same machine. So a session of the dashboard counts only
 * beside a secret that the dashboard keeps in the storage of its own origin, which includes the port: no other page can read it
 * there, and no browser sends it by itself.
 */
export const browserSecretHeader = 'x-selfhostly-browser'

/** 32 random bytes as base64url, or more. */
const form = /^[\w-]{43,128}$/

export const readBrowserSecret = (value: unknown): string | null => (typeof value === 'string' && form.test(value) ? value : null)

/** What the request shows; null for none. */
export const browserSecretOf = ({ headers }: IncomingMessage): string | null => readBrowserSecret(headers[browserSecretHeader])
