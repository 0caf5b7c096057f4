import { isMapping, mappingAt, type Mapping, type Path } from './draft-document.ts'
import { certain, didYouMean, isOpen, named, shown, type Fault } from './fault.ts'
import { containerFaults } from './container-faults.ts'
import { portFaults } from './port-faults.ts'

/** Values that both Composes accept in the file, and that only fail when the app starts. */

const restartWords = ['no', 'always', 'unless-stopped', 'on-failure']
/** More of one service on one machine is a slip of the keyboard. */
const mostReplicas = 1000

/** As Go writes times, with the days and weeks that Compose adds. */
const time = /^-?(?:\d+(?:\.\d*)?(?:ns|us|µs|μs|ms|s|m|h|d|w))+$|^0$/
const size = /^-?\d+(?:\.\d+)?\s*(?:b|bytes?|[kmgtpe]i?b?)?$/i

const times: string[][] = [
  ['stop_grace_period'],
  ...['interval', 'timeout', 'start_period', 'start_interval'].map((key) => ['healthcheck', key]),
]
const sizes: string[][] = [
  ...['mem_limit', 'mem_reservation', 'memswap_limit', 'shm_size'].map((key) => [key]),
  ...['limits', 'reservations'].map((key) => ['deploy', 'resources', key, 'memory']),
]

export function serviceFaults(service: Mapping, at: Path): Fault[] {
  return [
    ...restartFaults(service, at),
    ...replicaFaults(service, at),
    ...nameFaults(service, at),
    ...portFaults(service, at),
    ...containerFaults(service, at),
    ...times.flatMap((keys) => unlike(time, 'a time such as 1m30s', valueAt(service, keys), [...at, ...keys])),
    ...sizes.flatMap((keys) => unlike(size, 'a size such as 512m', valueAt(service, keys), [...at, ...keys])),
  ]
}

function valueAt(service: Mapping, keys: string[]): unknown {
  const inside = keys.slice(0, -1).reduce((found: Mapping, key) => mappingAt(found, key), service)
  return inside[keys.at(-1) ?? '']
}

function unlike(form: RegExp, words: string, value: unknown, path: Path): Fault[] {
  if (typeof value !== 'string' || value === '' || isOpen(value) || form.test(value.trim())) return []
  return [certain(path, `${named(path)} must be ${words}, not ${shown(value)}`)]
}

function restartFaults({ restart }: Mapping, at: Path): Fault[] {
  if (typeof restart !== 'string' || restart === '' || isOpen(restart)) return []
  if (restartWords.includes(restart) || /^on-failure:\d+$/.test(restart)) return []
  const path = [...at, 'restart']
  const hint = didYouMean(restart.toLowerCase(), restartWords)
  return [certain(path, `${named(path)} must be one of ${restartWords.join(', ')}, not ${shown(restart)}${hint}`)]
}

function replicaFaults(service: Mapping, at: Path): Fault[] {
  const counts: [unknown, Path][] = [
    [service['scale'], [...at, 'scale']],
    [mappingAt(service, 'deploy')['replicas'], [...at, 'deploy', 'replicas']],
  ]
  return counts.flatMap(([value, path]) => {
    const count = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
    if (typeof count !== 'number' || (Number.isInteger(count) && count >= 0 && count <= mostReplicas)) return []
    return certain(path, `${named(path)} must be a whole number from 0 to ${mostReplicas}, not ${count}`)
  })
}

function nameFaults(service: Mapping, at: Path): Fault[] {
  const { container_name: name } = service
  if (typeof name !== 'string' || isOpen(name)) return []
  const path = [...at, 'container_name']
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) {
    const isOne = [service['scale'], mappingAt(service, 'deploy')['replicas']].every((count) => typeof count !== 'number' || count < 2)
    if (isOne) return []
    return [certain(path, `the service "${String(at[1])}" sets "container_name", so it can only have one container`)]
  }
  return [
    certain(
      path,
      `${named(path)} is ${shown(name)}. It needs two or more letters, digits, ".", "_" or "-", and starts with a letter or digit`,
    ),
  ]
}

/** Services that always run together: those without profiles, and those whose profiles are the same. */
export const groupOf = (service: unknown): string => {
  const profiles = isMapping(service) && Array.isArray(service['profiles']) ? service['profiles'] : []
  return JSON.stringify(profiles.map(String).toSorted())
}

/** Whether any container of it starts. */
export const isUsed = (service: unknown): service is Mapping =>
  isMapping(service) && service['scale'] !== 0 && mappingAt(service, 'deploy')['replicas'] !== 0
