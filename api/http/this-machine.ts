import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'

/** Any of these says that somebody else's request came through a proxy on this machine. */
const forwardingHeaders =
  /^(forwarded|via|x-forwarded.*|x-real-ip|x-client-ip|x-cluster-client-ip|true-client-ip|.*-connecting-ip|.*-client-ip|cf-ray)$/

export const isLoopbackAddress = (address: string): boolean => {
  const plain = address.replace(/^::ffff:/i, '')
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'))
}

/** A page that made its own name point here (DNS rebinding) still says its own name in Host. */
export function isLoopbackHost(host: string | undefined): boolean {
  const name = URL.parse(`http://${host ?? ''}`)?.hostname.replace(/^\[|\]$/g, '') ?? ''
  return name === 'localhost' || name.endsWith('.localhost') || isLoopbackAddress(name)
}

const hasForwardingHeader = (request: IncomingMessage): boolean => Object.keys(request.headers).some((name) => forwardingHeaders.test(name))

/** Another machine is calling, as far as that can be told: over the network, or through a proxy. Nothing is let in by this. */
export function isFromElsewhere(request: IncomingMessage): boolean {
  const { remoteAddress = '', localAddress } = request.socket
  return hasForwardingHeader(request) || !(isLoopbackAddress(remoteAddress) || remoteAddress === localAddress)
}

/** Decided by the socket, never by what a header claims. */
export const isFromThisMachine = (request: IncomingMessage): boolean =>
  isLoopbackAddress(request.socket.remoteAddress ?? '') &&
  // No browser and no tool of today speaks HTTP/1.0; a proxy that was set up in one line does (nginx's default), and says nothing else.
  request.httpVersionMajor === 1 &&
  request.httpVersionMinor >= 1 &&
  !hasForwardingHeader(request) &&
  isLoopbackHost(request.headers.host)
