import type { ContainerInfo, ContainerInspectInfo, ImageInspectInfo, Port } from 'dockerode'
import type { ContainerHealth, ContainerState, PublishedPort } from '../apps/app.ts'
import { bounds, cut, earliest, firstOf, latest, maxInt } from '../bounds.ts'
import { platformName } from '../image-reference.ts'
import { startFault } from './engine-words.ts'
import type { ContainerDetails, ContainerMount, EngineContainer, EngineImage, ProjectContainer, RestartPolicy } from './engine.types.ts'

/** Labels that Compose puts on what it creates. v1 and v2 use the same ones. */
export const composeLabels = {
  project: 'com.docker.compose.project',
  service: 'com.docker.compose.service',
  workingDir: 'com.docker.compose.project.working_dir',
  configFiles: 'com.docker.compose.project.config_files',
  /** v2 only: `db:service_healthy:false,cache:service_started:true` */
  dependsOn: 'com.docker.compose.depends_on',
  oneOff: 'com.docker.compose.oneoff',
} as const

const { container: most } = bounds

/**
 * Maps one entry of `GET /containers/json`, which has health and exit code only in its status text ("Exited (137) 2 hours ago").
 * Any program may have created the container, so names and texts of any length are cut here.
 */
export function toEngineContainer(info: ContainerInfo): EngineContainer {
  const name = nameOf(info)
  const labels = info.Labels ?? {}
  const { kept: ports, more: morePorts } = firstOf(toPorts(info.Ports ?? []), most.ports)
  return {
    id: info.Id,
    name: cut(name, most.name),
    service: cut(labels[composeLabels.service] ?? name, most.service),
    image: cut(info.Image, most.image),
    state: toState(info.State),
    health: toHealth(info.Status),
    statusText: cut(withoutTimes(info.Status), most.statusText),
    exitCode: toExitCode(info.Status),
    ...{ startedAt: null, finishedAt: null, restartCount: null },
    ports,
    morePorts,
    createdAt: toDate(info.Created),
    imageId: info.ImageID,
    project: labels[composeLabels.project] ?? null,
    workingDir: labels[composeLabels.workingDir] ?? null,
    configFiles: (labels[composeLabels.configFiles] ?? '').split(',').filter(Boolean),
    isOneOff: labels[composeLabels.oneOff] === 'True',
  }
}

/** Maps the same entry for stopping or removing a project. */
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
    networks: Object.entries(info.NetworkSettings?.Networks ?? {}).flatMap(([name, { NetworkID }]) => [name, NetworkID]),
    sharesNetworkOf: /^container:(.+)$/.exec(info.HostConfig?.NetworkMode ?? '')?.[1] ?? null,
    imageId: info.ImageID,
    mounts: (info.Mounts ?? []).map(toMount),
  }
}

function toMount({ Type, Name, Source, Destination }: ContainerInfo['Mounts'][number]): ContainerMount {
  if (Type === 'volume') return { kind: 'volume', source: Name ?? '', target: Destination }
  return { kind: Type === 'bind' ? 'bind' : 'other', source: Source, target: Destination }
}

const nameOf = ({ Names, Id }: ContainerInfo): string => (Names?.[0] ?? Id.slice(0, 12)).replace(/^\//, '')

/** Keeps only what does not go stale: `Up About a minute (healthy)` becomes `Up (healthy)`. */
const withoutTimes = (status: string): string =>
  status.replace(/ (?:Less than |About )?(?:an?|\d+) (?:second|minute|hour|day|week|month|year)s?(?: ago)?/, '')

/** Docker's start error says what went wrong first, then names every layer the error passed through. */
const longestStartError = 500

/** Maps the response of `GET /containers/{id}/json`. */
export function toContainerDetails(info: ContainerInspectInfo): ContainerDetails {
  const { State: state, HostConfig: host, RestartCount: restartCount } = info
  return {
    image: cut(info.Config.Image, most.image),
    createdAt: toMoment(info.Created),
    state: toState(state.Status),
    health: toHealth(`(${state.Health?.Status ?? 'none'})`),
    startedAt: toMoment(state.StartedAt),
    finishedAt: toMoment(state.FinishedAt),
    exitCode: Math.min(state.ExitCode, maxInt),
    restartCount: Math.min(restartCount, maxInt),
    restartPolicy: toRestartPolicy(host.RestartPolicy?.Name),
    outOfMemory: state.OOMKilled,
    startError: state.Error ? cut(startFault(state.Error), longestStartError) : null,
    longestCheckMs: longestCheckOf(info.Config.Healthcheck),
  }
}

/** Maps the response of `GET /images/{name}/json`. An image that was pushed from here, too, has a digest there. */
export const toEngineImage = (info: ImageInspectInfo & { Variant?: string }): EngineImage => ({
  id: info.Id,
  repoDigests: info.RepoDigests ?? [],
  platform: platformName(info.Os, info.Architecture, info.Variant),
})

/** What Docker uses where a health check leaves something out. */
const checkDefaults = { intervalMs: 30_000, retries: 3 }

/** `Test` is `["NONE"]` for a health check that was switched off. The Engine counts in nanoseconds, and 0 means its default. */
function longestCheckOf(check: ContainerInspectInfo['Config']['Healthcheck']): number | null {
  const [kind = 'NONE'] = check?.Test ?? []
  if (!check || kind === 'NONE') return null
  const { Interval: interval = 0, Retries: retries = 0, StartPeriod: startPeriod = 0 } = check
  const intervalMs = interval === 0 ? checkDefaults.intervalMs : interval / 1e6
  return Math.round(startPeriod / 1e6 + intervalMs * (retries === 0 ? checkDefaults.retries : retries))
}

/** The Engine uses the year 1 for "never". */
function toMoment(text: string): Date | null {
  const moment = new Date(text)
  return moment.getTime() > 0 && moment <= latest ? moment : null
}

const toRestartPolicy = (name = ''): RestartPolicy =>
  name === 'always' || name === 'unless-stopped' || name === 'on-failure' ? name : 'no'

/** Docker's own words, which this program uses too. The type makes sure that none is missing. */
const states: Record<ContainerState, true> = {
  created: true,
  running: true,
  paused: true,
  restarting: true,
  removing: true,
  exited: true,
  dead: true,
  unknown: true,
}
const isState = (word: string): word is ContainerState => Object.hasOwn(states, word)

const toState = (word: string): ContainerState => (isState(word) ? word : 'unknown')

/** Also null for numbers that cannot be a Linux exit code, such as some from Windows: a GraphQL Int has only 32 bits. */
function toExitCode(status: string): number | null {
  const code = Number(/^(?:Exited|Restarting) \((\d+)\)/.exec(status)?.[1] ?? Number.NaN)
  return code <= maxInt ? code : null
}

/** An Engine with a wildly wrong clock must not produce a date that cannot be displayed. */
function toDate(seconds: number): Date {
  const date = new Date(seconds * 1000)
  return date >= earliest && date <= latest ? date : earliest
}

function toHealth(status: string): ContainerHealth | null {
  const word = /\((?:health: )?(starting|healthy|unhealthy)\)/.exec(status)?.[1]
  return word === 'starting' || word === 'healthy' || word === 'unhealthy' ? word : null
}

/** Published ports only, in a stable order. The Engine lists IPv4 and IPv6 separately. */
function toPorts(ports: Port[]): PublishedPort[] {
  return ports
    .filter((port) => port.PublicPort > 0)
    .map((port) => ({
      hostIp: port.IP ? cut(port.IP, most.hostIp) : null,
      hostPort: port.PublicPort,
      containerPort: port.PrivatePort,
      protocol: cut(port.Type, most.protocol),
    }))
    .sort((a, b) => a.hostPort - b.hostPort || ((a.hostIp ?? '') < (b.hostIp ?? '') ? -1 : 1))
}
