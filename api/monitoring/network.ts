import { readFile } from 'node:fs/promises'
import type { NodeStats } from './node-stats.ts'

/** Interfaces whose traffic is also counted on another one, or never leaves the machine. */
const inside = /^(lo|veth|docker|br-|virbr|cni|flannel|cali|tun|tap|wg|tailscale|ifb|dummy)/

/** Traffic of this machine. Null where the kernel does not tell. */
export const readNetwork = async (): Promise<NodeStats['network']> => {
  if (process.platform !== 'linux') return null
  return readFile('/proc/net/dev', 'utf8').then(parseNetDev, () => null)
}

/** Format: proc(5), "/proc/net/dev": two lines of headings, then a name and sixteen counters per interface. */
export function parseNetDev(text: string): NonNullable<NodeStats['network']> {
  const total = { receivedBytes: 0, sentBytes: 0 }
  for (const line of text.split('\n').slice(2)) {
    const [name = '', counters = ''] = line.split(':')
    if (counters === '' || inside.test(name.trim())) continue
    const values = counters.trim().split(/\s+/).map(Number)
    total.receivedBytes += values[0] ?? 0
    total.sentBytes += values[8] ?? 0
  }
  return total
}
