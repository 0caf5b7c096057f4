import type { Duplex, Readable } from 'node:stream'
import type { Container, ContainerHealth, ContainerState } from '../apps/app.ts'
import type { ComposeRemark, ComposeVerdict } from './compose-remark.ts'

/** This node's Docker Engine. Every method fails with DOCKER_UNAVAILABLE when the Engine does not answer. */
export interface Engine {
  info(): Promise<EngineInfo>
  /** Every container on this Engine, including stopped ones. One request, no disk scan. */
  containers(): Promise<EngineContainer[]>
  /** An image by its name or id; null if the Engine does not have it. */
  image(nameOrId: string): Promise<EngineImage | null>
  /** Details of one container that the list leaves out; null when the container no longer exists. */
  details(containerId: string): Promise<ContainerDetails | null>
  /** What a container was made of, with the values of its variables; null when it no longer exists. */
  setup(containerId: string): Promise<ContainerSetup | null>
  /**
   * Follows the Engine's events until stopped. Reconnects with backoff (1 s to 30 s) while the Engine does not answer.
   * `onUp` is called after every connect and reconnect. Events may have been missed, so read everything again.
   * `onDown` is called once per loss, with the reason.
   */
  watch(handlers: { onUp(): void; onDown(reason: string): void; onContainerEvent(event: ContainerEvent): void }): () => void
  /** The last lines that a container wrote, oldest first; empty when it no longer exists or its log driver cannot be read. */
  lastLines(containerId: string, count: number): Promise<string[]>
  /** What a container has used; null when it does not run. One request, which the Engine answers at once. */
  usage(containerId: string): Promise<ContainerUsage | null>
}

/** What containers wrote. Fails with DOCKER_UNAVAILABLE when the Engine does not answer. */
export interface EngineLogs {
  /**
   * Lines in the order in which the Engine stores them. With `follow`, until the container stops; otherwise those that are there.
   *
   * @throws NOT_FOUND; NOT_SUPPORTED when the container's log driver cannot be read
   */
  read(containerId: string, options: EngineLogOptions, signal: AbortSignal): AsyncIterable<EngineLogBatch>
}

export interface EngineLogOptions {
  /** The last so many; null for all. */
  tail: number | null
  /** Only what was written then or later, by the Engine's clock, in the form of `LogPlace.at`. */
  since: string | null
  follow: boolean
  /** What to do with a line, before it costs anything: read it, only count it, or act as if it were not there. */
  choose(place: LogPlace, bytes: number): 'read' | 'count' | 'ignore'
}

/** Where a line is in the log of one container. */
export interface LogPlace {
  stream: 'stdout' | 'stderr'
  /** `2026-01-26T20:00:00.123456789Z`, so that two compare as texts. Null when the Engine did not say. */
  at: string | null
  /** Counts the lines of the stream in the same nanosecond, from 0. */
  nth: number
}

export interface EngineLogBatch {
  lines: (LogPlace & { text: string })[]
  /** How many were only counted. */
  skipped: number
  /** The last of these in each stream. */
  passed: LogPlace[]
}

/** The names of images on the Engine. Fails with DOCKER_UNAVAILABLE when the Engine does not answer, and with the Engine's own words otherwise. */
export interface EngineImages {
  tag(id: string, repository: string, tag: string): Promise<void>
  /** Takes a name from an image. The image itself goes when it has no other name and no container uses it. */
  untag(name: string): Promise<void>
  /** The names, with tag, that images have in repositories that match a pattern such as `selfhostly.local/shop/*`. */
  names(repositories: string): Promise<string[]>
  /** Every image, as far as it tells who built it. */
  list(): Promise<BuiltImage[]>
}

export interface BuiltImage {
  id: string
  /** Its names with tags; empty for one that lost its name to a newer image. */
  tags: string[]
  /** Under which registries know it; empty for what never was at one. */
  digests: string[]
  /** Of the Compose project that built it. Compose 1 does not record them. */
  project: string | null
  service: string | null
  /** With the layers that it shares with others. */
  bytes: number
}

/**
 * The files in volumes, read and written through a container that never runs. Fails with DOCKER_UNAVAILABLE when the Engine does not
 * answer, and with the Engine's own words otherwise.
 */
export interface EngineVolumes {
  /** How a volume was made; null when it does not exist. */
  find(name: string, signal: AbortSignal): Promise<EngineVolume | null>
  create(volume: EngineVolume, signal: AbortSignal): Promise<void>
  /**
   * The volume's files as a tar archive with owners and modes, those of its root folder included.
   *
   * @param image any image that the Engine has; nothing in it runs
   */
  read<T>(name: string, image: string, signal: AbortSignal, use: (archive: Readable) => Promise<T>): Promise<T>
  /** Puts the files of such an archive into a volume, beside those that are there. */
  write(name: string, image: string, archive: Readable, signal: AbortSignal): Promise<void>
}

/** Programs in containers, each in a terminal of its own. Fails like `EngineVolumes`. */
export interface EngineTerminals {
  /** By id or name; null when there is no such container. */
  find(container: string): Promise<TerminalContainer | null>
  /** @param options.mark tells this program from all others */
  run(containerId: string, options: TerminalSize & { command: string[]; mark: string }): Promise<TerminalProgram>
  /** Ends programs whose mark begins so, in whichever container they run, as `hangUp` does. @returns in how many containers there were some */
  endMarked(mark: string): Promise<number>
}

export interface TerminalSize {
  cols: number
  rows: number
}

export interface TerminalContainer {
  id: string
  name: string
  /** Also while it is paused. */
  isRunning: boolean
  isPaused: boolean
  /** From Compose's labels; null for a container that Compose did not create. */
  project: string | null
  workingDir: string | null
  service: string | null
  /** What it may do on the host. */
  rights: ContainerRights
}

export type ContainerNamespace = 'pid' | 'ipc' | 'uts' | 'userns' | 'network'

/** What a container may do beyond a plain one. */
export interface ContainerRights {
  isPrivileged: boolean
  /** Added ones, as written. */
  capabilities: string[]
  /** Paths on the host. */
  devices: string[]
  deviceRules: string[]
  /** What a driver gives, such as `nvidia gpu`. */
  deviceRequests: string[]
  securityOptions: string[]
  /** `host`, or another mode. One that is shared with another container is as that one has it. */
  namespaces: Record<ContainerNamespace, string>
  /** `source`: the path on the host, or a volume's name. */
  mounts: { type: string; source: string; target: string; isReadOnly: boolean }[]
}

/** What happened to a container while a program ran in it. */
export type ContainerFate = 'stopped' | 'restarted' | 'removed'

export interface TerminalProgram {
  /** What it writes, and what is typed. It ends with the program. */
  stream: Duplex
  resize(size: TerminalSize): Promise<void>
  /**
   * How it ended, and what its container did then; null if that runs on.
   *
   * @param firstWords the start of what it wrote
   */
  exit(firstWords: string): Promise<{ code: number | null; isMissing: boolean; fate: ContainerFate | null }>
  /** Ends it as a closed terminal does, and kills it if it stays. Docker would let it run on. @throws CONFLICT if it runs on */
  hangUp(): Promise<void>
}

export interface EngineVolume {
  name: string
  driver: string
  options: Record<string, string>
  labels: Record<string, string>
}

/**
 * Compose projects on the Engine, found by the labels that Compose sets, so no Compose file is needed. Removing something that is
 * already gone succeeds. Fails with DOCKER_UNAVAILABLE when the Engine does not answer, and with the Engine's own words otherwise.
 */
export interface EngineProjects {
  /** One project's networks and named volumes, and all containers, because those of other projects may use them. */
  parts(project: string): Promise<ProjectParts>
  /** Asks a container to stop, waits for its own grace period, then kills it. */
  stop(containerId: string, signal: AbortSignal): Promise<void>
  /** Does nothing for a container that runs. */
  start(containerId: string, signal: AbortSignal): Promise<void>
  rename(containerId: string, name: string, signal: AbortSignal): Promise<void>
  /** Removes a container, running or not. With `volumes`, its unnamed volumes are removed too. */
  removeContainer(containerId: string, options: { volumes: boolean; signal: AbortSignal }): Promise<void>
  /** The Engine refuses while a running container is attached. */
  removeNetwork(id: string, signal: AbortSignal): Promise<void>
  /** The Engine refuses while any container uses the volume. */
  removeVolume(name: string, signal: AbortSignal): Promise<void>
  /** All networks and all volumes on the Engine. */
  networkNames(): Promise<string[]>
  volumeNames(): Promise<string[]>
  /** Makes a network with the Engine's usual driver. @throws CONFLICT when the name is taken */
  createNetwork(name: string): Promise<EngineNetwork>
  /** Bytes by volume name; empty when the Engine takes longer than a person waits for a dialog. */
  volumeBytes(): Promise<Map<string, number>>
  /** The driver of every volume on the Engine, with its options, by name. */
  volumeDrivers(): Promise<Map<string, VolumeDriver>>
}

export interface VolumeDriver {
  driver: string
  options: Record<string, string>
}

export interface EngineNetwork {
  id: string
  name: string
  driver: string
}

export interface ProjectParts {
  containers: ProjectContainer[]
  networks: { id: string; name: string }[]
  volumes: { name: string }[]
}

export interface ProjectContainer {
  id: string
  name: string
  /** Null for a container that Compose did not create. */
  service: string | null
  state: ContainerState
  project: string | null
  workingDir: string | null
  /** Services that it waits for when it starts. Compose 1 does not record them. */
  dependsOn: string[]
  /** Names and ids of its networks. A container that never started has no network ids yet. */
  networks: string[]
  /** Id or name of the container whose network it shares; null when it has its own. */
  sharesNetworkOf: string | null
  imageId: string
  mounts: ContainerMount[]
}

export interface ContainerMount {
  kind: 'volume' | 'bind' | 'other'
  /** Volume name, or path on the node. */
  source: string
  /** Path in the container. */
  target: string
}

export interface EngineInfo {
  version: string
  running: number
  paused: number
  stopped: number
  images: number
  /** Registries that the Engine is configured to pull from without TLS. */
  insecureRegistries: InsecureRegistries
}

export interface InsecureRegistries {
  /** Host and port. */
  names: string[]
  /** Such as `10.0.0.0/8`. */
  networks: string[]
}

export interface ContainerDetails {
  /** The name that it was made with. The Engine's list shows an id instead once that names another image. */
  image: string
  /** When it was made; the Engine's list has only the second. */
  createdAt: Date | null
  /** The current state; the Engine's list can lag a moment behind its events. */
  state: ContainerState
  health: ContainerHealth | null
  startedAt: Date | null
  finishedAt: Date | null
  /** From the last run that ended. */
  exitCode: number
  restartCount: number
  restartPolicy: RestartPolicy
  outOfMemory: boolean
  /** Docker's own words for why it could not start the container. */
  startError: string | null
  /** How long its health check may take to decide: start period + interval x retries. Null without a health check. */
  longestCheckMs: number | null
}

/** Null and empty: as its image says. */
export interface ContainerSetup {
  service: string
  image: string
  entrypoint: string[] | null
  command: string[] | null
  user: string | null
  environment: { name: string; value: string }[]
  labels: Record<string, string>
  restart: string | null
  /** Such as `host`; null when it is in networks. */
  networkMode: string | null
  /** By the name that Docker knows. */
  networks: string[]
  /** As Compose's short form. */
  ports: string[]
  mounts: (ContainerMount & { isReadOnly: boolean })[]
  isPrivileged: boolean
  capabilities: string[]
  devices: string[]
}

export type RestartPolicy = 'no' | 'always' | 'unless-stopped' | 'on-failure'

export interface EngineImage {
  id: string
  /** Such as `nginx@sha256:...`: under which digests registries gave it to this Engine. Empty for an image that was made here. */
  repoDigests: string[]
  /** Such as `linux/amd64`. */
  platform: string
}

export interface EngineContainer extends Omit<Container, 'isSteady'> {
  /** Of the image that it runs, whatever its name names now. */
  imageId: string
  /** From Compose's label; null for a container that Compose did not create. */
  project: string | null
  /** From `com.docker.compose.project.working_dir`. Tells the projects of two nodes that share one Engine apart. */
  workingDir: string | null
  /** From `com.docker.compose.project.config_files`: paths of the Compose files. */
  configFiles: string[]
  /** Created by `docker compose run` for a single task, so not part of the running project. */
  isOneOff: boolean
}

export interface ContainerEvent {
  containerId: string
  /** Docker's own word: create, start, die, health_status: healthy, ... */
  action: string
  /** Only set for `die`. */
  exitCode: number | null
  /** Only set for `kill`: a number or a name such as SIGTERM. */
  signal: string | null
  name: string | null
  service: string | null
  project: string | null
  workingDir: string | null
}

/** Network and block bytes are totals since the container started. */
export interface ContainerUsage {
  /** CPU time of the container, and of the whole machine with all its cores, in ns since each started. */
  cpuTime: number
  systemTime: number
  cores: number
  memoryBytes: number
  memoryLimitBytes: number
  networkRxBytes: number
  networkTxBytes: number
  blockReadBytes: number
  blockWriteBytes: number
}

/** The `docker compose` (v2) or `docker-compose` (v1) command line. */
export interface ComposeCli {
  /** The program in use, for example "docker-compose 1.29.2". @throws DOCKER_UNAVAILABLE when Compose is not installed */
  version(): Promise<string>
  /** The same without waiting; null when Compose was not found or not searched for yet. Notices upgrades. */
  knownVersion(): string | null
  /** Resolves and checks a project without touching Docker. The verdict lists the problems of a file that Compose refuses. */
  config(project: ComposeProject, signal?: AbortSignal): Promise<ComposeVerdict>
  /** The project as Compose resolves it, parsed. @throws INVALID_INPUT when Compose refuses it or prints more than 1 MiB */
  model(project: ComposeProject, signal: AbortSignal): Promise<unknown>
  /** Both at once: the verdict, and the project as Compose resolves it, with its real values and paths. */
  resolve(project: ComposeProject, signal: AbortSignal): Promise<ResolvedProject>
  /** All variables that Compose's process has for a project. */
  variables(project: ComposeProject): Readonly<Record<string, string | undefined>>
  /**
   * Runs one command. Ends the child (TERM, then KILL after 3 s) when `signal` aborts. Warnings from Compose go to `onWarning`
   * and not to `onLine`.
   *
   * @throws ComposeError when the command fails
   */
  run(project: ComposeProject, command: ComposeCommand, options: RunOptions): Promise<void>
}

export interface ResolvedProject extends ComposeVerdict {
  /** Null when Compose refuses the file. */
  model: unknown
}

export interface RunOptions {
  onLine(line: string): void
  onWarning?(warning: ComposeRemark): void
  signal: AbortSignal
  /** Only these services. All of them if it is empty or left out. */
  services?: readonly string[]
  /** How to sign in to registries, besides what the user's own Docker configuration says. */
  logins?: readonly RegistryLogin[]
}

export interface RegistryLogin {
  /** `docker.io` for Docker Hub. */
  registry: string
  username: string
  password: string
}

export interface ComposeProject {
  /** The Compose project name. */
  name: string
  /** Absolute path of the project's folder, with `compose.yaml` and the files it refers to. */
  directory: string
  /** Absolute path of a file to read instead of that `compose.yaml`. */
  file?: string
  /** Absolute paths of files whose values come before those of `file`, each before those of the ones before it. */
  further?: readonly string[]
  /** A second file in the folder, whose values come before those of the first. */
  overlay?: string
  /**
   * The project's variables. They reach Compose through the environment of its process, never as an argument. When they are given,
   * Compose does not read the folder's `.env`; without them it does.
   */
  environment?: Readonly<Record<string, string>>
  /** Profiles that are active besides those of a `COMPOSE_PROFILES` in `environment`. */
  profiles?: readonly string[]
  /** Removes secret values from a text that Compose printed. Lines, warnings and errors go through it before anyone sees them. */
  mask?(text: string): string
}

/** up: `up -d --remove-orphans`. Stopping and removing is done through the Engine. */
export type ComposeCommand = 'up' | 'pull' | 'build'

export const isRunningState = (state: ContainerState): boolean => state === 'running' || state === 'paused' || state === 'restarting'
