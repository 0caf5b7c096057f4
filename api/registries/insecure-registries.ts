import { lookup } from 'node:dns/promises'
import { BlockList, isIP, isIPv6 } from 'node:net'
import type { Clock } from '../clock.ts'
import type { InsecureRegistries } from '../docker/engine.types.ts'

/** How long the Engine's list is good for. It changes when someone configures the Engine anew, which also restarts it. */
const freshMs = 60_000
const none: InsecureRegistries = { names: [], networks: [] }

/**
 * Which registries the Engine would pull from without TLS, so that the same may be asked without it: by name, or by an address in
 * one of its networks, as the Engine decides it itself.
 *
 * @param read the Engine's list; while it cannot be read, the one before is used
 */
export function createInsecureRegistries({ read, clock }: { read: () => Promise<InsecureRegistries>; clock: Clock }) {
  let list = Promise.resolve(none)
  let readAt = -Infinity

  function current(): Promise<InsecureRegistries> {
    const now = clock.now().getTime()
    if (now - readAt < freshMs) return list
    readAt = now
    const before = list
    list = read().catch(() => before)
    return list
  }

  /** @param registry host, and port if it has one */
  return async (registry: string): Promise<boolean> => {
    const { names, networks } = await current()
    if (names.includes(registry)) return true
    const inside = blockListOf(networks)
    const addresses = await addressesOf(registry)
    return addresses.some((address) => inside.check(address, isIPv6(address) ? 'ipv6' : 'ipv4'))
  }
}

function blockListOf(networks: string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits = ''] = network.split('/')
    if (isIP(address) !== 0 && /^\d{1,3}$/.test(bits)) list.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4')
  }
  return list
}

async function addressesOf(registry: string): Promise<string[]> {
  const host = URL.parse(`http://${registry}`)?.hostname.replace(/^\[|\]$/g, '') ?? ''
  if (isIP(host) !== 0) return [host]
  return lookup(host, { all: true }).then(
    (found) => found.map(({ address }) => address),
    () => [],
  )
}
