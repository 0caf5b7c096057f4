import type { App, AppDesiredState, AppStatus, Container } from './app.ts'
import { isDone, isSteady, isToldBy, problemOf, steadyAt, type ContainerFacts } from './container-facts.ts'
import { factsOfKind, type OperationKind } from './operation.ts'
import type { WantedService } from './wanted-services.ts'

export interface AppFacts {
  desiredState: AppDesiredState
  /** The operation queued or running for this app. */
  activeOperation: OperationKind | null
  /** The last operation and its reason, if it did not succeed. */
  lastFailure: { kind: OperationKind; reason: string } | null
  containers: ContainerFacts[]
  /** What the deployed file asks for. When null (unknown), every service with containers counts as wanted. */
  wanted: WantedService[] | null
  /** Whether the Engine answers, or a string that says why it does not. */
  dockerAvailable: boolean | string
  now: Date
}

type Verdict = Pick<App, 'status' | 'statusReason'>

/** More than these make a reason unreadable, and the containers are listed next to it anyway. */
const maxNamed = 3

const verdict = (status: AppStatus, statusReason: string | null = null): Verdict => ({ status, statusReason })

/**
 * The only place that decides an app's status, from what the user asked for, what the deployed file wants and what Docker reports:
 * `running` when every wanted service runs or has finished its job, `degraded` when some do not run or are unhealthy, `error` when
 * none runs, or when some do not run after a failed operation.
 */
export function statusOf(facts: AppFacts): Verdict {
  if (facts.activeOperation !== null) return verdict(factsOfKind[facts.activeOperation].status)
  if (facts.dockerAvailable !== true) return verdict('unknown', facts.dockerAvailable || 'Docker does not answer')
  const known = { ...facts, containers: facts.containers.filter(({ isOneOff }) => !isOneOff) }
  return facts.desiredState === 'running' ? whenItShouldRun(known) : whenItShouldStand(known)
}

/** When the status will next change only because time passes; null when it will not. */
export function nextChangeAt({ containers, now }: Pick<AppFacts, 'containers' | 'now'>): Date | null {
  const moments = containers.flatMap((container) => steadyAt(container)?.getTime() ?? []).filter((moment) => moment > now.getTime())
  return moments.length === 0 ? null : new Date(Math.min(...moments))
}

function whenItShouldRun(facts: AppFacts): Verdict {
  const failure = facts.lastFailure?.reason ?? null
  const wanted = (facts.wanted ?? asSeen(facts.containers)).filter(({ replicas }) => replicas > 0)
  const services = wanted.map((service) => judge(service, facts))
  const problems = services.flatMap(({ name, problem }) => (problem ? `service ${name} ${problem}` : []))
  if (facts.containers.length === 0 && failure) return verdict('error', failure)
  if (services.length === 0) return verdict('error', 'the app has no containers')
  if (services.every(({ state }) => state === 'done')) return verdict('stopped', failure ?? 'every service has finished')
  if (problems.length === 0) return verdict('running', failure ?? noteOf(services, facts))
  const areUp = services.every(({ state }) => state === 'up' || state === 'done')
  const isError = !services.some(({ state }) => state === 'up' || state === 'partly') || (failure !== null && !areUp)
  const untold = problems.filter((problem) => !isToldBy(problem, failure))
  return verdict(isError ? 'error' : 'degraded', untold.length > 0 ? withFailure(enumerate(untold), failure) : failure)
}

function whenItShouldStand({ containers, lastFailure }: AppFacts): Verdict {
  const failure = lastFailure?.reason ?? null
  const up = containers.filter(isUp)
  // A failed removal is an error even when nothing runs.
  if (up.length === 0) return verdict(lastFailure?.kind === 'remove' ? 'error' : 'stopped', failure)
  const reason = `the app should be stopped, but ${enumerate(up.map((container) => `service ${nameOf(container)} is ${container.state}`))}`
  return verdict(failure === null ? 'running' : 'error', withFailure(reason, failure))
}

export const isUp = ({ state }: Pick<Container, 'state'>): boolean => state === 'running' || state === 'paused' || state === 'restarting'

interface ServiceVerdict {
  name: string
  /** `partly`: some replicas run. */
  state: 'up' | 'partly' | 'down' | 'done'
  problem: string | null
  /** Its health check has not reported yet. */
  isStarting: boolean
}

function judge({ name, replicas, isJob }: WantedService, { containers, now }: AppFacts): ServiceVerdict {
  const own = containers.filter((container) => nameOf(container) === name)
  const up = own.filter((container) => isSteady(container, now))
  const done = own.filter((container) => isDone(container, isJob))
  const problem = own.map((container) => problemOf(container, now, isJob)).find((found) => found !== null) ?? null
  const isStarting = up.some(({ health }) => health === 'starting')
  if (up.length + done.length >= replicas) {
    const unhealthy = up.some(({ health }) => health === 'unhealthy') ? 'is unhealthy' : null
    return { name, state: up.length > 0 ? 'up' : 'done', problem: unhealthy, isStarting }
  }
  const state = up.length > 0 ? 'partly' : 'down'
  if (replicas === 1) return { name, state, problem: problem ?? 'has no container', isStarting }
  const share = `runs ${up.length} of ${replicas} containers`
  return { name, state, problem: problem === null ? share : `${share}: one ${problem}`, isStarting }
}

/** Used as the wanted services of an app whose file was never resolved. */
function asSeen(containers: ContainerFacts[]): WantedService[] {
  const counts = Map.groupBy(containers, nameOf)
  return [...counts].map(([name, own]) => ({ name, image: null, replicas: own.length, isJob: false, restart: 'no' }))
}

/** A note on a running app, for example a service that the file does not ask for. */
function noteOf(services: ServiceVerdict[], { containers, wanted }: AppFacts): string | null {
  const starting = services.flatMap(({ name, isStarting }) => (isStarting ? `service ${name} has not passed its health check yet` : []))
  if (starting.length > 0) return enumerate(starting)
  if (wanted === null) return null
  const names = new Set(wanted.map(({ name }) => name))
  const extra = [...new Set(containers.filter(isUp).map(nameOf))].filter((name) => !names.has(name))
  return extra.length === 0 ? null : enumerate(extra.map((name) => `service ${name} is running, but the deployed file does not ask for it`))
}

/** Containers without Compose labels have no service name. */
const nameOf = ({ service, name }: ContainerFacts): string => service || name

const withFailure = (reason: string, failure: string | null): string => (failure === null ? reason : `${reason} (${failure})`)

const enumerate = (items: string[]): string =>
  items.length <= maxNamed ? items.join(', ') : `${items.slice(0, maxNamed).join(', ')} and ${items.length - maxNamed} more`
