import { stringify } from 'yaml'
import type { ContainerSetup } from '../../docker/engine.types.ts'
import { problemOfName } from '../environment/variable-problem.ts'

/** A Compose file made from what runs. */
export interface RunningDraft {
  content: string
  /** The values that the containers have for the variables in it. Any of them can be a secret. */
  variables: Map<string, string>
}

const comment = `# Drafted from the containers that run now, because their Compose file could not be read.
# Health checks, limits, dependencies and other options are not in here. Values of variables are kept as secrets.
`

type Parts = Record<string, Record<string, unknown>>

/** @param setups one of each service */
export function draftOf(project: string, setups: ContainerSetup[], serviceOf: (containerId: string) => string | undefined): RunningDraft {
  const variables = new Map<string, string>()
  const [volumes, networks]: [Parts, Parts] = [{}, {}]
  /** A part that Compose made for the project has its prefix; any other was there before. */
  const keyOf = (name: string, parts: Parts): string => {
    const isOwn = name.startsWith(`${project}_`)
    const key = isOwn ? name.slice(project.length + 1) : name
    if (key !== 'default' || !isOwn) parts[key] ??= isOwn ? {} : { name, external: true }
    return key
  }
  const services = Object.fromEntries(
    setups.map((setup) => [
      setup.service,
      withoutEmpty({
        image: escaped(setup.image),
        entrypoint: setup.entrypoint?.map(escaped),
        command: setup.command?.map(escaped),
        user: setup.user,
        restart: setup.restart,
        privileged: setup.isPrivileged || undefined,
        cap_add: setup.capabilities,
        devices: setup.devices,
        environment: Object.fromEntries(
          setup.environment.map((variable) => [variable.name, `\${${variableFor(setup.service, variable, variables)}}`]),
        ),
        ports: setup.ports,
        volumes: setup.mounts.flatMap((mount) => volumeOf(mount, (name) => keyOf(name, volumes))),
        ...networkOf(setup, (name) => keyOf(name, networks), serviceOf),
        labels: Object.fromEntries(Object.entries(setup.labels).map(([name, value]) => [name, escaped(value)])),
      }),
    ]),
  )
  return { content: comment + stringify(withoutEmpty({ services, volumes, networks }), { lineWidth: 0 }), variables }
}

/** Compose would take a dollar for the start of a variable. */
const escaped = (text: string): string => text.replaceAll('$', '$$$$')

const isEmpty = (value: unknown): boolean =>
  value === null || value === undefined || (typeof value === 'object' && Object.keys(value).length === 0)

const withoutEmpty = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => !isEmpty(value)))

/** The name itself, unless an app cannot have it or another service has another value for it. */
function variableFor(service: string, { name, value }: { name: string; value: string }, variables: Map<string, string>): string {
  const plain = name.replaceAll(/\W/g, '_')
  const fits = (other: string): boolean => problemOfName(other) === null && (variables.get(other) ?? value) === value
  const others = [plain, `${service}_${plain}`.replaceAll(/\W/g, '_').toUpperCase()]
  const free = [...others, ...Array.from({ length: 100 }, (_, index) => `${others[1]}_${index + 2}`)].find(fits) ?? plain
  variables.set(free, value)
  return free
}

function volumeOf({ kind, source, target, isReadOnly }: ContainerSetup['mounts'][number], keyOf: (name: string) => string): string[] {
  if (kind === 'other' || source === '') return []
  return [`${escaped(kind === 'volume' ? keyOf(source) : source)}:${escaped(target)}${isReadOnly ? ':ro' : ''}`]
}

function networkOf(
  { networkMode, networks }: ContainerSetup,
  keyOf: (name: string) => string,
  serviceOf: (containerId: string) => string | undefined,
): Record<string, unknown> {
  if (networkMode === null) {
    const keys = networks.map(keyOf)
    return { networks: keys.join() === 'default' ? [] : keys }
  }
  const shared = /^container:(.+)$/.exec(networkMode)?.[1]
  const service = shared === undefined ? undefined : serviceOf(shared)
  return { network_mode: service === undefined ? networkMode : `service:${service}` }
}
