import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'
import type { AccessConfig } from '../auth/access-config.ts'
import { AppError } from '../errors.ts'
import { isLoopbackHost } from '../loopback.ts'

/** Where a request comes from: which address, over TLS or not, from a page of this server or of another site, and for which host. */
export function createRequestSource({ access, baseUrl }: { access: AccessConfig; baseUrl: string }) {
  const proxies = blockListOf(access.trustedProxies)
  const ownHosts = new Set([new URL(baseUrl).hostname, ...access.allowedHosts].map((host) => host.toLowerCase()))
  const ownOrigin = new URL(baseUrl).origin

  const isTrustedProxy = (address: string): boolean => {
    const family = isIP(address)
    return family !== 0 && proxies.check(address, family === 6 ? 'ipv6' : 'ipv4')
  }

  /** The client's address: the nearest one that is not a trusted proxy. */
  function addressOf(request: IncomingMessage): string {
    const hops = [...String(request.headers['x-forwarded-for'] ?? '').split(','), plain(request.socket.remoteAddress ?? '')]
      .map((hop) => hop.trim())
      // Proxies only write addresses. Anything else would end up as a rate limit key and in logs.
      .filter((hop) => isIP(plain(hop)) !== 0)
    let address = hops.pop() ?? ''
    while (isTrustedProxy(address) && hops.length > 0) address = plain(hops.pop() ?? '')
    return address
  }

  /** Whether the browser uses TLS: to this server's own URL, or to a trusted proxy that says so. */
  const isSecure = (request: IncomingMessage): boolean =>
    // The printed link for localhost is opened without TLS, whatever URL everyone else uses.
    (baseUrl.startsWith('https:') && !isLoopbackHost(request.headers.host)) ||
    (isTrustedProxy(plain(request.socket.remoteAddress ?? '')) && request.headers['x-forwarded-proto'] === 'https')

  /** Whether a page of this server sent this. */
  function isOwnOrigin(request: IncomingMessage): boolean {
    const { origin = '', host } = request.headers
    if (origin === ownOrigin) return true
    const from = URL.parse(origin)
    // TLS can end at a proxy we do not know. If we do know the browser uses TLS, a page loaded without it is not ours.
    const isSameScheme = from?.protocol === 'https:' || (from?.protocol === 'http:' && !isSecure(request))
    return isSameScheme && from.host === host
  }

  /** Whether a browser sent this for another site. Programs send neither header. */
  function isCrossSite(request: IncomingMessage): boolean {
    if (access.corsOrigins.includes(request.headers.origin ?? '')) return false
    return !isOwnPage(request)
  }

  function isOwnPage(request: IncomingMessage): boolean {
    if (request.headers.origin !== undefined) return isOwnOrigin(request)
    return request.headers['sec-fetch-site'] !== 'cross-site'
  }

  function checkHost(request: IncomingMessage): void {
    // A proxy in front might use the other one. Source: RFC 9112, section 3.2
    if ((request.headersDistinct['host']?.length ?? 0) > 1) throw new AppError('INVALID_INPUT', 'host: send exactly one Host header')
    const host = URL.parse(`http://${request.headers.host ?? ''}`)?.hostname.replace(/^\[|\]$/g, '') ?? ''
    if (isIP(host) || isLoopbackHost(request.headers.host) || ownHosts.has(host.toLowerCase())) return
    throw new AppError('MISDIRECTED', `This server is not known as "${host}". Set AUTH_BASE_URL, or add the host to ALLOWED_HOSTS`)
  }

  return { addressOf, isSecure, isOwnPage, isCrossSite, checkHost }
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
