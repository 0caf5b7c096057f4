import type { ContainerInfo, Port } from 'dockerode'
import type { ContainerHealth, ContainerState, PublishedPort } from '../apps/app.ts'
import type { ContainerMount, EngineContainer, ProjectContainer } from './engine.types.ts'

/** Labels by which Compose marks what it made; the same in v1 and v2. */
export const composeLabels = {
  project: 'com.docker.compose.project',
  service: 'com.docker.compose.service',
  workingDir: 'com.docker.compose.project.working_dir',
  /** v2 alone: `db:service_healthy:false,cache:service_started:true` */
  dependsOn: 'com.docker.compose.depends_on',
} as const

/** From one entry of `GET /containers/json`, which has health and exit code only in its status text ("Exited (137) 2 hours ago"). */
export function toEngineContainer(info: ContainerInfo): EngineContainer {
  const name = nameOf(info)
  const labels = info.Labels ?? {}
  const exitCode = /^(?:Exited|Restarting) \((\d+)\)/.exec(info.Status)?.[1]
  return {
    id: info.Id,
    name,
    service: labels[composeLabels.service] ?? name,
    image: info.Image,
    state: toState(info.State),
    health: toHealth(info.Status),
    statusText: info.Status,
    exitCode: exitCode === undefined ? null : Number(exitCode),
    ports: toPorts(info.Ports ?? []),
    createdAt: new Date(info.Created * 1000),
    project: labels[composeLabels.project] ?? null,
    workingDir: labels[composeLabels.workingDir] ?? null,
  }
}

/** The same entry, as part of a project that is stopped or removed. */
export function toProjectContainer(info: ContainerInfo): ProjectContainer {
  const labels = info.Labels ?? {}
  return {
    id: info.Id,
    name: nameOf(info),
    service: labels[composeLabels.service] ?? null,
    state: toState(info.State),
    project: labels[composeLabels.project] ?? null,
    workingDir: labels[composeLabels.workingDir] ?? null,
    dependsOn: (labels[composeLabels.dependsOn] ?? '').split(',').flatMap((entry) => entry.split(':')[0] || []),
    networkIds: Object.values(info.NetworkSettings?.Networks ?? {}).map(({ NetworkID }) => NetworkID),
    mounts: (info.Mounts ?? []).map(toMount),
  }
}

function toMount({ Type, Name, Source, Destination }: ContainerInfo['Mounts'][number]): ContainerMount {
  if (Type === 'volume') return { kind: 'volume', source: Name ?? '', target: Destination }
  return { kind: Type === 'bind' ? 'bind' : 'other', source: Source, target: Destination }
}

const nameOf = ({ Names, Id }: ContainerInfo): string => (Names?.[0] ?? Id.slice(0, 12)).replace(/^\//, '')

/** Docker's own words, which the program uses as well; a state that lacks here does not compile. */
const states: Record<ContainerState, true> = {
  created: true,
  running: true,
  paused: true,
  restarting: true,
  removing: true,
  exited: true,
  dead: true,
}
const isState = (word: string): word is ContainerState => Object.hasOwn(states, word)

/** A word that this program does not know yet is shown as dead rather than as running. */
const toState = (word: string): ContainerState => (isState(word) ? word : 'dead')

function toHealth(status: string): ContainerHealth | null {
  const word = /\((?:health: )?(starting|healthy|unhealthy)\)/.exec(status)?.[1]
  return word === 'starting' || word === 'healthy' || word === 'unhealthy' ? word : null
}

/** Only published ports, in a steady order. The Engine lists IPv4 and IPv6 each. */
function toPorts(ports: Port[]): PublishedPort[] {
  return ports
    .filter((port) => port.PublicPort > 0)
    .map((port) => ({ hostIp: port.IP || null, hostPort: port.PublicPort, containerPort: port.PrivatePort, protocol: port.Type }))
    .sort((a, b) => a.hostPort - b.hostPort || ((a.hostIp ?? '') < (b.hostIp ?? '') ? -1 : 1))
}
