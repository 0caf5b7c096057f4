import type { AppItem, ContainerItem } from '../../graphql/items.ts'
import { isLoopbackName } from '../shared/urls.ts'

type Port = ContainerItem['ports'][number]

export interface PortLink {
  label: string
  /** Undefined for ports that a browser cannot open, or not from here. */
  href: string | undefined
}

const anyAddress = new Set(['', '0.0.0.0', '::'])

/**
 * A container's published ports without duplicates (Docker lists IPv4 and IPv6 separately).
 *
 * @param dashboardHost the host at which the browser has the dashboard. Whoever has it at localhost sits at the server's own machine.
 */
export function portLinks(node: Pick<AppItem['node'], 'host'>, ports: Port[], dashboardHost: string): PortLink[] {
  const links = ports.map((port): PortLink => {
    const host = hostOf(node, port.hostIp ?? '', dashboardHost)
    const label = `${port.hostPort}:${port.containerPort}${port.protocol === 'tcp' ? '' : `/${port.protocol}`}`
    return { label, href: host !== null && port.protocol === 'tcp' ? `http://${bracketed(host)}:${port.hostPort}` : undefined }
  })
  // A port that is bound twice is a link if either way leads there.
  return [
    ...new Map(
      links.toSorted((a, b) => Number(a.href !== undefined) - Number(b.href !== undefined)).map((link) => [link.label, link]),
    ).values(),
  ]
}

/** Null if no address is known, or none leads there from this browser. */
function hostOf({ host }: Pick<AppItem['node'], 'host'>, boundTo: string, dashboardHost: string): string | null {
  const isHere = host === 'localhost'
  if (isLoopbackName(boundTo)) return isHere && isLoopbackName(dashboardHost) ? boundTo : null
  if (!anyAddress.has(boundTo)) return boundTo
  return isHere ? dashboardHost : (host ?? null)
}

const bracketed = (host: string): string => (host.includes(':') && !host.startsWith('[') ? `[${host}]` : host)
