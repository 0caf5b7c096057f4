import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { AccessMode } from '../config.ts'
import { AppError } from '../errors.ts'

/** Any of these says that somebody else's request came through a proxy on this machine. */
const forwardingHeaders =
  /^(forwarded|via|x-forwarded.*|x-real-ip|x-client-ip|x-cluster-client-ip|true-client-ip|.*-connecting-ip|.*-client-ip|cf-ray)$/

const isLoopbackAddress = (address: string): boolean => {
  const plain = address.replace(/^::ffff:/i, '')
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'))
}

/** A page that made its own name point here (DNS rebinding) still says its own name in Host. */
function isLoopbackHost(host: string | undefined): boolean {
  const name = URL.parse(`http://${host ?? ''}`)?.hostname.replace(/^\[|\]$/g, '') ?? ''
  return name === 'localhost' || name.endsWith('.localhost') || isLoopbackAddress(name)
}

/** Decided by the socket, never by what a header claims. */
export const isFromThisMachine = (request: IncomingMessage): boolean =>
  isLoopbackAddress(request.socket.remoteAddress ?? '') &&
  !Object.keys(request.headers).some((name) => forwardingHeaders.test(name)) &&
  isLoopbackHost(request.headers.host)

/** Whether a browser sent this in the name of another site. Requests that no browser sent have no Origin. */
export function isCrossSite({ headers }: IncomingMessage): boolean {
  if (headers['sec-fetch-site'] === 'cross-site') return true
  if (headers.origin === undefined) return false
  return URL.parse(headers.origin)?.host !== headers.host
}

/**
 * The door of everything that a person uses. Answers why a request may not come in, or null.
 *
 * @param changes whether the request could change something, or opens a WebSocket
 */
export function refusalOfUser(mode: AccessMode, request: IncomingMessage, changes: boolean): AppError | null {
  if (request.headers['x-node-id'] !== undefined || request.headers['x-node-api-key'] !== undefined) {
    return new AppError('UNAUTHENTICATED', 'Node credentials are for /api/internal; this is what people use')
  }
  if (changes && isCrossSite(request)) return new AppError('FORBIDDEN', 'This came from a page of another site')
  switch (mode) {
    case 'trusted-edge':
      return null
    case 'sign-in':
      return new AppError('UNAUTHENTICATED', 'Sign in first')
    case 'local-only':
      if (isFromThisMachine(request)) return null
      return new AppError(
        'FORBIDDEN',
        'This server answers only to its own machine. To reach it from elsewhere set AUTH_ENABLED: true to have people sign in, false when a proxy in front keeps strangers out',
      )
  }
}
