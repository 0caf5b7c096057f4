import { isIP } from 'node:net'
import { isLoopbackHost } from '../loopback.ts'

/** The site that passkeys belong to. Browsers offer a passkey only on the site that made it. */
export interface PasskeySite {
  /** Host name. */
  id: string
  origin: string
}

/** The site of the URL at which people reach this server, or why browsers allow no passkeys there. Source: WebAuthn Level 3, 5.1.2 */
export function passkeySite(baseUrl: string): PasskeySite | { problem: string } {
  const { hostname, origin, protocol, host } = new URL(baseUrl)
  const known = `This server is known as ${origin}`
  if (isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) {
    return {
      problem: `${known}, and browsers allow passkeys only for a host name, not for an address. Set AUTH_BASE_URL to a name with https`,
    }
  }
  if (protocol !== 'https:' && !isLoopbackHost(host)) {
    return { problem: `${known}, and browsers allow passkeys only over https. Put TLS in front and set AUTH_BASE_URL` }
  }
  return { id: hostname, origin }
}
