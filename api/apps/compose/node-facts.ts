import type { EngineContainer, EngineProjects } from '../../docker/engine.types.ts'
import { isMapping, mappingAt, type Mapping } from './draft-document.ts'
import { certain, isOpen, type Fault } from './fault.ts'
import { createListeners } from './listeners.ts'
import { collide, hostPortsOf, type HostPort } from './port-faults.ts'
import { isUsed } from './service-faults.ts'

export type NodeFacts = ReturnType<typeof createNodeFacts>

/** What of a draft does not fit what is on this node already. */
export function createNodeFacts(deps: {
  containers: () => EngineContainer[]
  projects: Pick<EngineProjects, 'networkNames' | 'volumeNames'>
  /** Whether a container is of the app with this name. */
  isOf: (name: string, container: EngineContainer) => boolean
}) {
  const listeners = createListeners()
  const others = (name: string): EngineContainer[] => deps.containers().filter((container) => !deps.isOf(name, container))

  return {
    /** Networks and volumes that the app expects and nobody has made. It cannot start without them. @throws DOCKER_UNAVAILABLE */
    async missing(model: Mapping): Promise<Fault[]> {
      const networks = externalsIn(model, 'networks')
      const volumes = externalsIn(model, 'volumes')
      const [ofNetworks, ofVolumes] = await Promise.all([
        networks.length > 0 ? deps.projects.networkNames() : [],
        volumes.length > 0 ? deps.projects.volumeNames() : [],
      ])
      return [...absent('network', networks, ofNetworks), ...absent('volume', volumes, ofVolumes)]
    },

    /** Ports and names that something else has now. It may be gone when the app starts, so these are warnings. */
    async taken(name: string, model: Mapping): Promise<Fault[]> {
      const containers = others(name)
      const services = Object.entries(mappingAt(model, 'services')).filter(([, service]) => isUsed(service))
      const ports = services.flatMap(([service, options]) => hostPortsOf(service, options))
      const listening = ports.length > 0 ? await listeners() : new Set<number>()
      const published = new Set(deps.containers().flatMap((container) => container.ports.map(({ hostPort }) => hostPort)))
      return [
        ...services.flatMap(([service, options]) => takenName(service, options, containers)),
        ...ports.flatMap((port) => takenPort(port, containers) ?? heardPort(port, listening, published) ?? []),
      ]
    },
  }
}

interface External {
  key: string
  name: string
}

/** The parts that are marked as external, by the name that Docker knows them by. */
function externalsIn(model: Mapping, section: 'networks' | 'volumes'): External[] {
  return Object.entries(mappingAt(model, section)).flatMap(([key, options]) => {
    if (!isMapping(options) || !options['external'] || options['external'] === 'false') return []
    const { external, name = isMapping(external) ? external['name'] : undefined } = options
    const known = typeof name === 'string' ? name : key
    return isOpen(known) || isOpen(external) ? [] : { key, name: known }
  })
}

const wayOut = {
  network: 'Create it with createNetwork, or leave out "external"',
  volume: 'Create it on the node with "docker volume create", or leave out "external"',
}

const absent = (kind: 'network' | 'volume', wanted: External[], there: string[]): Fault[] =>
  wanted
    .filter(({ name }) => !there.includes(name))
    .map(({ key, name }) => certain([`${kind}s`, key], `the external ${kind} "${name}" does not exist on this node. ${wayOut[kind]}`))

function takenName(service: string, options: unknown, containers: EngineContainer[]): Fault[] {
  const name = isMapping(options) ? options['container_name'] : undefined
  const holder = containers.find((container) => container.name === name)
  if (!holder) return []
  const of = holder.project === null ? '' : `, of the service "${holder.service}" of "${holder.project}"`
  return [certain(['services', service, 'container_name'], `this node already has a container named "${holder.name}"${of}`)]
}

function takenPort(port: HostPort, containers: EngineContainer[]): Fault | null {
  for (const { name, service, project, ports } of containers) {
    const held = ports.find(({ hostIp, hostPort, protocol }) =>
      collide(port, { ip: ipOf(hostIp), first: hostPort, last: hostPort, protocol }),
    )
    if (!held) continue
    const holder = project === null ? `the container "${name}"` : `the service "${service}" of "${project}"`
    return certain(port.path, `the host's port ${held.hostPort}/${held.protocol} is in use by ${holder}`)
  }
  return null
}

const ipOf = (ip: string | null): string | null => (ip === '0.0.0.0' || ip === '::' ? null : ip)

/** Docker itself listens on what containers publish. */
function heardPort({ first, last, protocol, path }: HostPort, listening: Set<number>, published: Set<number>): Fault | null {
  if (protocol !== 'tcp') return null
  for (const port of listening) {
    if (port < first || port > last || published.has(port)) continue
    return certain(path, `the host's port ${port}/tcp is in use by another program on this machine`)
  }
  return null
}
