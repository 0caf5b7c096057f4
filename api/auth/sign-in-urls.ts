import type { NetworkInterfaceInfo } from 'node:os'
import { isLoopbackHost } from '../loopback.ts'

/** Bridges and virtual cables of containers lead nowhere from another machine. */
const ofContainers = /^(docker|br-|veth|virbr|cni|flannel|cali)/

interface Reach {
  listen: { host: string | undefined; port: number }
  /** AUTH_BASE_URL */
  baseUrl: string | undefined
  /** NODE_API_ENDPOINT */
  apiEndpoint: string | undefined
  /** As `os.networkInterfaces()` gives them. */
  interfaces: Partial<Record<string, NetworkInterfaceInfo[]>>
}

/** Where a person opens this server: from this machine first, then from another one where it is reached from there. */
export function signInUrls({ listen, baseUrl, apiEndpoint, interfaces }: Reach): string[] {
  const { host, port } = listen
  const isEverywhere = !host || host === '0.0.0.0' || host === '::'
  const here = isEverywhere || isLoopbackHost(authority(host)) ? `http://localhost:${port}` : `http://${authority(host)}:${port}`
  // Whoever listens here alone is reached from elsewhere only by a proxy, whose address AUTH_BASE_URL is.
  const isReached = isEverywhere || !isLoopbackHost(authority(host))
  const endpoint = apiEndpoint && !isLoopbackHost(URL.parse(apiEndpoint)?.host) ? apiEndpoint : undefined
  const elsewhere = baseUrl ?? (isReached ? (endpoint ?? (isEverywhere ? firstAddress(interfaces, port) : undefined)) : undefined)
  return [...new Set([here, ...(elsewhere ? [elsewhere] : [])])]
}

function firstAddress(interfaces: Reach['interfaces'], port: number): string | undefined {
  const found = Object.entries(interfaces)
    .filter(([name]) => !ofContainers.test(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
  const first = found.find(({ family }) => family === 'IPv4') ?? found[0]
  return first && `http://${authority(first.address)}:${port}`
}

const authority = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/** What a person opens to sign in. The code is in the fragment, which no browser sends. */
export const signInLines = (urls: string[], code: string): string => urls.map((url) => `open ${url}/#code=${code}\n`).join('')
