import type { IncomingMessage } from 'node:http'

/**
 * Browsers send cookies to every port of a host, and so to every app on the same machine. A dashboard session is therefore only
 * valid together with a secret in the dashboard's local storage. That belongs to its origin, port included, so other pages cannot
 * read it, and browsers never send it on their own.
 */
export const browserSecretHeader = 'x-selfhostly-browser'

/** 32 random bytes as base64url, or more. */
const form = /^[\w-]{43,128}$/

export const readBrowserSecret = (value: unknown): string | null => (typeof value === 'string' && form.test(value) ? value : null)

/** The secret in a request's header, or null. */
export const browserSecretOf = ({ headers }: IncomingMessage): string | null => readBrowserSecret(headers[browserSecretHeader])
