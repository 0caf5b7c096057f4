import { isMapping, mappingAt, type Mapping, type Path } from './draft-document.ts'
import { certain, didYouMean, doubtful, isOpen, type Fault } from './fault.ts'
import { collide, hostPortsOf } from './port-faults.ts'
import { groupOf, isUsed, serviceFaults } from './service-faults.ts'

/** What is wrong between the parts of a file, and in its services beyond what the schema says. */
export function projectFaults(model: Mapping): Fault[] {
  const services = Object.entries(mappingAt(model, 'services')).filter((entry): entry is [string, Mapping] => isMapping(entry[1]))
  return [
    ...services.flatMap(([name, service]) => serviceFaults(service, ['services', name])),
    ...repeatedNames(services),
    ...repeatedPorts(services),
    ...undefinedParts(model, services),
    ...undefinedServices(model, services),
  ]
}

type Services = [name: string, service: Mapping][]

function repeatedNames(services: Services): Fault[] {
  const seen = new Map<string, [service: string, group: string]>()
  return services.flatMap(([name, service]) => {
    const container = service['container_name']
    if (typeof container !== 'string' || isOpen(container) || !isUsed(service)) return []
    const [other, group] = seen.get(container) ?? []
    if (other === undefined) seen.set(container, [name, groupOf(service)])
    if (other === undefined) return []
    const message = `the services "${other}" and "${name}" both set the container name "${container}". Give each its own`
    const path = ['services', name, 'container_name']
    return group === groupOf(service) ? certain(path, message) : doubtful(path, message)
  })
}

/** Only between services without profiles: these all run. */
function repeatedPorts(services: Services): Fault[] {
  const running = services.filter(([, service]) => groupOf(service) === '[]' && isUsed(service) && service['network_mode'] === undefined)
  const ports = running.flatMap(([name, service]) => hostPortsOf(name, service)).slice(0, mostPorts)
  return ports.flatMap((port, index) => {
    const other = ports.slice(0, index).find((each) => each.service !== port.service && collide(each, port))
    if (!other) return []
    return certain(
      port.path,
      `the services "${other.service}" and "${port.service}" both publish the host's port ${Math.max(port.first, other.first)}/${port.protocol}`,
    )
  })
}

/** Comparing each with each stays below a few milliseconds. */
const mostPorts = 1000

/** Compose 1 notices an undefined network, secret or config only when the app starts. */
const kinds = ['network', 'secret', 'config'] as const

function undefinedParts(model: Mapping, services: Services): Fault[] {
  // Included files define parts too.
  if (model['include'] !== undefined) return []
  return kinds.flatMap((kind) => {
    const defined = Object.keys(mappingAt(model, `${kind}s`))
    const known = new Set(kind === 'network' ? [...defined, 'default'] : defined)
    return services.flatMap(([service, options]) =>
      namesIn(options[`${kind}s`]).flatMap(([name, step]) => {
        if (known.has(name) || isOpen(name)) return []
        const hint = didYouMean(name, known)
        return certain(
          ['services', service, `${kind}s`, step],
          `the service "${service}" uses the ${kind} "${name}", which is not defined under "${kind}s:"${hint}`,
        )
      }),
    )
  })
}

/** The names in a list of names, a list of mappings with a source, or a mapping from names. */
function namesIn(value: unknown): [name: string, step: string | number][] {
  if (isMapping(value)) return Object.keys(value).map((name) => [name, name])
  if (!Array.isArray(value)) return []
  return value.flatMap((entry: unknown, index): [string, number][] => {
    const name = isMapping(entry) ? entry['source'] : entry
    return typeof name === 'string' ? [[name, index]] : []
  })
}

function undefinedServices(model: Mapping, services: Services): Fault[] {
  if (model['include'] !== undefined) return []
  const known = new Set(services.map(([name]) => name))
  return services.flatMap(([service, { depends_on: dependsOn }]) =>
    namesIn(dependsOn).flatMap(([name, step]) => {
      if (known.has(name) || isOpen(name)) return []
      const path: Path = ['services', service, 'depends_on', step]
      return doubtful(
        path,
        `the service "${service}" depends on the service "${name}", which is missing from the file${didYouMean(name, known)}`,
      )
    }),
  )
}
