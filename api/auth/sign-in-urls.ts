import type { NetworkInterfaceInfo } from 'node:os'
import { isLoopbackHost } from '../loopback.ts'

/** Bridges and virtual interfaces for containers cannot be reached from another machine. */
const ofContainers = /^(docker|br-|veth|virbr|cni|flannel|cali)/

interface Reach {
  listen: { host: string | undefined; port: number }
  /** AUTH_BASE_URL */
  baseUrl: string | undefined
  /** NODE_API_ENDPOINT */
  apiEndpoint: string | undefined
  /** The result of `os.networkInterfaces()`. */
  interfaces: Partial<Record<string, NetworkInterfaceInfo[]>>
}

/** URLs at which a person can open this server: from this machine first, then from other machines if they can reach it. */
export function signInUrls({ listen, baseUrl, apiEndpoint, interfaces }: Reach): string[] {
  const { host, port } = listen
  const isEverywhere = !host || host === '0.0.0.0' || host === '::'
  const here = isEverywhere || isLoopbackHost(authority(host)) ? `http://localhost:${port}` : `http://${authority(host)}:${port}`
  // A server that listens only on loopback is reachable from elsewhere only through a proxy, whose URL is AUTH_BASE_URL.
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

/** The lines to print for signing in. The code is in the fragment, which browsers never send. */
export const signInLines = (urls: string[], code: string): string => urls.map((url) => `open ${url}/#code=${code}\n`).join('')
