import type { Container, ContainerHealth, ContainerState } from '../apps/app.ts'
import type { ComposeRemark, ComposeVerdict } from './compose-remark.ts'

/** The Docker Engine of this node, as the rest of the program sees it. Every method fails with DOCKER_UNAVAILABLE when it does not answer. */
export interface Engine {
  info(): Promise<EngineInfo>
  /** Every container on this Engine, stopped ones included; one request, no disk scan. */
  containers(): Promise<EngineContainer[]>
  /** What the list leaves out of one container; null when it is gone. */
  details(containerId: string): Promise<ContainerDetails | null>
  /**
   * Follows the Engine's events until stopped, reconnecting with backoff (1 s to 30 s) for as long as it is away.
   * `onUp` is called after every (re)connect: what was seen before may be out of date, so read everything again.
   * `onDown` is called once per loss with the reason. `onContainerEvent` names the Compose project, when there is one.
   */
  watch(handlers: { onUp(): void; onDown(reason: string): void; onContainerEvent(event: ContainerEvent): void }): () => void
  /** Samples from the Engine's own stream, about one per second, until the container stops or `signal` aborts. */
  stats(containerId: string, signal: AbortSignal): AsyncIterable<EngineStatsSample>
}

/**
 * What the Engine has of Compose projects, by the labels that Compose puts on what it makes: no Compose file is needed.
 * What is gone already counts as done. Fails with DOCKER_UNAVAILABLE when the Engine does not answer, else with its own words.
 */
export interface EngineProjects {
  /** The networks and named volumes of one project, and the containers of all: others may use what is this project's. */
  parts(project: string): Promise<ProjectParts>
  /** Asks a container to end and waits for that, as long as its own grace period says; then it is killed. */
  stop(containerId: string, signal: AbortSignal): Promise<void>
  /** Running or not. Its unnamed volumes go with it when `volumes` says so. */
  removeContainer(containerId: string, options: { volumes: boolean; signal: AbortSignal }): Promise<void>
  /** Refused by the Engine while a running container is attached. */
  removeNetwork(id: string, signal: AbortSignal): Promise<void>
  /** Refused by the Engine while any container uses it. */
  removeVolume(name: string, signal: AbortSignal): Promise<void>
  /** Bytes by name of volume; empty when the Engine needs longer than a person waits for a dialog. */
  volumeBytes(): Promise<Map<string, number>>
}

export interface ProjectParts {
  containers: ProjectContainer[]
  networks: { id: string; name: string }[]
  volumes: { name: string }[]
}

export interface ProjectContainer {
  id: string
  name: string
  /** Null for what Compose did not make. */
  service: string | null
  state: ContainerState
  project: string | null
  workingDir: string | null
  /** Services that it waits for at its start; Compose 1 does not say. */
  dependsOn: string[]
  /** Names and ids; one that never started has no id yet. */
  networks: string[]
  mounts: ContainerMount[]
}

export interface ContainerMount {
  kind: 'volume' | 'bind' | 'other'
  /** Name of the volume, or path on the node. */
  source: string
  /** Where the container sees it. */
  target: string
}

export interface EngineInfo {
  version: string
  running: number
  paused: number
  stopped: number
  images: number
}

export interface ContainerDetails {
  /** As of the container itself: the list may be a moment behind its own events. */
  state: ContainerState
  health: ContainerHealth | null
  startedAt: Date | null
  finishedAt: Date | null
  /** Of the run that ended last. */
  exitCode: number
  restartCount: number
  restartPolicy: RestartPolicy
  outOfMemory: boolean
  /** Why Docker could not start it, in Docker's words. */
  startError: string | null
}

export type RestartPolicy = 'no' | 'always' | 'unless-stopped' | 'on-failure'

export interface EngineContainer extends Container {
  /** Compose's labels; null for containers that Compose did not make. */
  project: string | null
  /** `com.docker.compose.project.working_dir`: tells whose project it is when two nodes share one Engine. */
  workingDir: string | null
  /** Made by `docker compose run`, for one task of a person: not a part of what the project runs. */
  isOneOff: boolean
}

export interface ContainerEvent {
  containerId: string
  /** Docker's word: create, start, die, health_status: healthy, ... */
  action: string
  /** Of a `die`. */
  exitCode: number | null
  project: string | null
  workingDir: string | null
}

/** Sizes in bytes, counted since the container started; `cpuPercent` 100 is one full core. */
export interface EngineStatsSample {
  cpuPercent: number
  memoryBytes: number
  memoryLimitBytes: number
  networkRxBytes: number
  networkTxBytes: number
  blockReadBytes: number
  blockWriteBytes: number
}

/** The `docker compose` (v2) or `docker-compose` (v1) command line, the only thing that changes projects. */
export interface ComposeCli {
  /** What runs, for example "docker-compose 1.29.2"; DOCKER_UNAVAILABLE when there is none. */
  version(): Promise<string>
  /** The same as far as it is known now; null when there is none, or none was found yet. Never waits; an upgrade is noticed. */
  knownVersion(): string | null
  /**
   * Resolves and checks a project without touching Docker. A file that Compose refuses has problems in the verdict.
   */
  config(project: ComposeProject): Promise<ComposeVerdict>
  /** The project as Compose resolves it, parsed. INVALID_INPUT when Compose refuses it, or prints more than 1 MiB. */
  model(project: ComposeProject, signal: AbortSignal): Promise<unknown>
  /**
   * Runs one command; resolves when it ended well, fails with ComposeError otherwise. Ends the child (TERM, then KILL after 3 s) when
   * `signal` aborts. What Compose warns of is told to `onWarning` and is no line of output.
   */
  run(project: ComposeProject, command: ComposeCommand, options: RunOptions): Promise<void>
}

export interface RunOptions {
  onLine(line: string): void
  onWarning?(warning: ComposeRemark): void
  signal: AbortSignal
}

export interface ComposeProject {
  /** The Compose project name. */
  name: string
  /** Absolute folder of the project, holding `compose.yaml` and whatever that names. */
  directory: string
  /** Absolute path of a file that is to be read in place of that `compose.yaml`. */
  file?: string
}

/** up: `up -d --remove-orphans`; stop: `stop`; down: `down --remove-orphans`; pull: `pull`. */
export type ComposeCommand = 'up' | 'stop' | 'down' | 'pull'

export const isRunningState = (state: ContainerState): boolean => state === 'running' || state === 'paused' || state === 'restarting'
