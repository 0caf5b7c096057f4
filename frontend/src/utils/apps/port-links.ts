import type { AppItem, ContainerItem } from '../../graphql/items.ts'

type Port = ContainerItem['ports'][number]

export interface PortLink {
  label: string
  /** Undefined for ports that a browser cannot open. */
  href: string | undefined
}

const anyAddress = new Set(['', '0.0.0.0', '::'])

function hostOf(node: Pick<AppItem['node'], 'apiEndpoint'>): string {
  const host = URL.parse(node.apiEndpoint)?.hostname ?? window.location.hostname
  // A node that calls itself localhost is reached at the dashboard's host name.
  return host === 'localhost' ? window.location.hostname : host
}

/** A container's published ports without duplicates (Docker lists IPv4 and IPv6 separately). */
export function portLinks(node: Pick<AppItem['node'], 'apiEndpoint'>, ports: Port[]): PortLink[] {
  const links = ports.map((port): PortLink => {
    const host = anyAddress.has(port.hostIp ?? '') ? hostOf(node) : (port.hostIp ?? '')
    const label = `${port.hostPort}:${port.containerPort}${port.protocol === 'tcp' ? '' : `/${port.protocol}`}`
    return { label, href: port.protocol === 'tcp' ? `http://${host.includes(':') ? `[${host}]` : host}:${port.hostPort}` : undefined }
  })
  return [...new Map(links.map((link) => [link.label, link])).values()]
}
