import type { RestartPolicy } from '../docker/engine.types.ts'

/** What the deployed file asks for, for one service. */
export interface WantedService {
  name: string
  image: string | null
  /** How many of its containers should run. */
  replicas: number
  /** Whether another service waits until this one has exited with 0. */
  isJob: boolean
  restart: RestartPolicy
  /** The services that it needs, which stop after it. Missing from what earlier versions wrote down. */
  dependsOn?: string[]
  /** Its image is built on the node. */
  isBuilt?: true
}

type Fields = Record<string, unknown>

/**
 * The services that a plain `up` starts from a resolved file. Keeps no environment values.
 *
 * @param model as printed by Compose 1.29 or 2; 1.29 also prints services of inactive profiles
 * @param profiles the active profiles
 * @returns null when the model has no services
 */
export function wantedServices(model: unknown, profiles: string[]): WantedService[] | null {
  const services = isFields(model) && isFields(model['services']) ? model['services'] : null
  if (!services) return null
  const jobs = new Set(Object.values(services).flatMap(waitedFor))
  return Object.entries(services).flatMap(([name, service]) => {
    if (!isFields(service) || !isActive(service['profiles'], profiles)) return []
    const image = typeof service['image'] === 'string' ? service['image'] : null
    return [
      {
        name,
        image,
        replicas: replicasOf(service),
        isJob: jobs.has(name),
        restart: restartOf(service),
        dependsOn: neededBy(service),
        ...(service['build'] !== undefined && { isBuilt: true as const }),
      },
    ]
  })
}

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

function isActive(named: unknown, profiles: string[]): boolean {
  if (!Array.isArray(named) || named.length === 0 || profiles.includes('*')) return true
  return named.some((profile) => profiles.includes(String(profile)))
}

/** The services that must have exited with 0 before this one starts. */
function waitedFor(service: unknown): string[] {
  if (!isFields(service) || !isFields(service['depends_on'])) return []
  return Object.entries(service['depends_on']).flatMap(([name, how]) =>
    isFields(how) && how['condition'] === 'service_completed_successfully' ? [name] : [],
  )
}

/** As Compose 2 has it: what a service links to, or shares the network of, it needs as well. */
function neededBy({ depends_on: dependsOn, links, network_mode: network }: Fields): string[] {
  const named = isFields(dependsOn) ? Object.keys(dependsOn) : texts(dependsOn)
  const linked = texts(links).map((link) => link.split(':')[0] ?? '')
  const shared = texts([network]).flatMap((mode) => /^service:(.+)$/.exec(mode)?.[1] ?? [])
  return [...new Set([...named, ...linked, ...shared])]
}

const texts = (value: unknown): string[] => (Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [])

function replicasOf({ scale, deploy }: Fields): number {
  const count = (value: unknown): number | null =>
    (typeof value === 'number' || typeof value === 'string') && value !== '' && Number.isInteger(Number(value)) ? Number(value) : null
  const { replicas, mode } = isFields(deploy) ? deploy : {}
  return Math.max(0, count(scale) ?? (mode === 'global' ? null : count(replicas)) ?? 1)
}

function restartOf({ restart }: Fields): RestartPolicy {
  const [policy] = typeof restart === 'string' ? restart.split(':') : []
  return policy === 'always' || policy === 'unless-stopped' || policy === 'on-failure' ? policy : 'no'
}
