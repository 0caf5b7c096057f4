import { isMapping, type Path } from './draft-document.ts'
import { certain, didYouMean, isOpen, named, shown, type Fault } from './fault.ts'

/** A port that a service publishes on the host. */
export interface HostPort {
  service: string
  /** Null for every address. */
  ip: string | null
  first: number
  last: number
  protocol: string
  path: Path
}

const highest = 65_535
/** `[[ip:]host:]container[/protocol]`, with a range in place of each number. What does not fit is left to Compose. */
const short = /^(?:(?:(\[[^\]]*\]|[\d.]+):)?(\d*(?:-\d+)?):)?(\d+(?:-\d+)?)(?:\/(\w+))?$/
const protocols = ['tcp', 'udp', 'sctp']

interface ReadPort {
  ip: string
  host: string
  container: string
  protocol: string
}

function readPort(entry: unknown): ReadPort | null {
  if (isOpen(entry)) return null
  if (isMapping(entry)) {
    const { host_ip: ip = '', published = '', target = '', protocol = 'tcp' } = entry
    const parts = { ip: textOf(ip), host: textOf(published), container: textOf(target), protocol: textOf(protocol) }
    return Object.values(parts).some(isOpen) ? null : parts
  }
  const [found, ip = '', host = '', container = '', protocol = 'tcp'] = short.exec(textOf(entry)) ?? []
  return found === undefined ? null : { ip, host, container, protocol }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '')

const ends = (range: string): [number, number] | null => {
  const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? []
  return first === undefined ? null : [Number(first), Number(last)]
}

const entriesOf = (service: unknown): unknown[] => (isMapping(service) && Array.isArray(service['ports']) ? service['ports'] : [])

/** Ports that do not exist. */
export function portFaults(service: unknown, at: Path): Fault[] {
  return entriesOf(service).flatMap((entry, index) => {
    const path = [...at, 'ports', index]
    const port = readPort(entry)
    if (!port) return []
    const { protocol } = port
    const faults = [problemOf(port.host, 'on the host', 0), problemOf(port.container, 'in the container', 1)].flatMap((message) =>
      message ? [certain(path, message)] : [],
    )
    if (protocol === '' || protocols.includes(protocol.toLowerCase())) return faults
    const hint = didYouMean(protocol.toLowerCase(), protocols)
    return [...faults, certain(path, `${named(path)} must use tcp, udp or sctp, not ${shown(protocol)}${hint}`)]
  })
}

function problemOf(range: string, where: string, lowest: number): string | null {
  const [first, last] = ends(range) ?? [lowest, lowest]
  const wrong = [first, last].find((port) => port > highest || port < lowest)
  if (wrong !== undefined) return `there is no port ${wrong} ${where}. Ports go from 1 to ${highest}`
  return first > last ? `the port range ${range} ${where} ends before it starts` : null
}

/** The host's ports that a service takes for itself. A range for a single container port is a choice, so it is left out. */
export function hostPortsOf(name: string, service: unknown): HostPort[] {
  return entriesOf(service).flatMap((entry, index) => {
    const port = readPort(entry)
    const host = port && ends(port.host)
    const inside = port && ends(port.container)
    if (!port || !host || !inside || host[0] === 0 || host[1] > highest || host[0] > host[1]) return []
    if (host[1] - host[0] !== inside[1] - inside[0]) return []
    const ip = port.ip.replace(/^\[|\]$/g, '')
    const isEvery = ip === '' || ip === '0.0.0.0' || ip === '::'
    return {
      ...{ service: name, ip: isEvery ? null : ip, first: host[0], last: host[1] },
      ...{ protocol: port.protocol.toLowerCase() || 'tcp', path: ['services', name, 'ports', index] },
    }
  })
}

/** Whether both cannot be published at the same time. */
export const collide = (one: Omit<HostPort, 'service' | 'path'>, other: Omit<HostPort, 'service' | 'path'>): boolean =>
  one.protocol === other.protocol &&
  one.first <= other.last &&
  other.first <= one.last &&
  (one.ip === null || other.ip === null || one.ip === other.ip)
