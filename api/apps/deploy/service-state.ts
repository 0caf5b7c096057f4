import { isDone, problemOf, steadyAt, steadyMs, type ContainerFacts } from '../container-facts.ts'
import type { WantedService } from '../wanted-services.ts'

/** How far one service of a deploy has come. */
export interface ServiceState {
  name: string
  /** `lost`: it cannot come any more. */
  is: 'fine' | 'coming' | 'lost'
  /** Follows the service's name in a sentence. */
  words: string
  /** Since when it is fine; only for one that is. */
  fineSince: Date | null
  /** When it will be fine if nothing happens; null when that is up to Docker. */
  fineAt: Date | null
  /** Restarts of the container that restarted most; 0 for a service that is fine. */
  restarts: number
  /** A restart's attempt has failed, and began then. */
  failedAttempt: Date | null
  hasStarted: boolean
}

type ContainerState = Omit<ServiceState, 'name'>

/** Fewer happen to services that start before the one they need. With Docker's growing pauses these take 3 s and more. */
const loopRestarts = 5

/** Containers without Compose labels have no service name. */
export const nameOf = ({ service, name }: Pick<ContainerFacts, 'service' | 'name'>): string => service || name

/** Waits in Compose for another service, so nothing can wait for it. */
export const isIdle = ({ is, hasStarted }: ServiceState): boolean => is === 'coming' && !hasStarted

/** Whether it keeps crashing, and has crashed in an attempt that began when all others were fine. */
export const isCrashLoop = ({ restarts, failedAttempt }: ServiceState, othersFineAt: number): boolean =>
  restarts >= loopRestarts && failedAttempt !== null && failedAttempt.getTime() >= othersFineAt

export function stateOf(
  { name, replicas, isJob }: WantedService,
  { containers, isStarting }: { containers: ContainerFacts[]; isStarting: boolean },
  now: Date,
): ServiceState {
  const own = containers.filter((each) => nameOf(each) === name).map((each) => containerState(each, { isJob, isStarting }, now))
  const fine = own.filter(({ is }) => is === 'fine')
  const lost = own.find(({ is }) => is === 'lost')
  if (lost) return { name, ...lost }
  if (fine.length >= replicas) return { name, ...state('fine', 'healthy'), fineSince: latest(fine), hasStarted: true }
  const coming = own.filter(({ is }) => is === 'coming')
  if (own.length < replicas && !isStarting) {
    return { name, ...state('lost', own.length === 0 ? 'has no container' : `has ${own.length} of ${replicas} containers`) }
  }
  const [first = state('coming', 'waiting')] = coming.toSorted((a, b) => b.restarts - a.restarts)
  return { name, ...first, hasStarted: own.some(({ hasStarted }) => hasStarted) }
}

function containerState(
  container: ContainerFacts,
  { isJob, isStarting }: { isJob: boolean; isStarting: boolean },
  now: Date,
): ContainerState {
  if (isDone(container, isJob)) return { ...state('fine', 'done'), fineSince: container.finishedAt, hasStarted: true }
  const problem = problemOf(container, now, isJob) ?? 'has ended'
  switch (container.state) {
    case 'running':
      return { ...runningState(container, now), hasStarted: true }
    case 'restarting':
      return { ...state('coming', problem), restarts: container.restartCount ?? 0, failedAttempt: container.upSince, hasStarted: true }
    case 'exited':
      return willRestart(container) ? { ...state('coming', problem), hasStarted: true } : state('lost', problem)
    case 'created':
      return isStarting && !container.startError ? state('coming', 'waiting') : state('lost', problem)
    case 'dead':
      return state('lost', problem)
    case 'paused':
    case 'removing':
    case 'unknown':
      return { ...state('coming', problem), hasStarted: true }
  }
}

function runningState(container: ContainerFacts, now: Date): ContainerState {
  const { health, longestCheckMs, upSince, healthySince } = container
  const restarts = container.restartCount ?? 0
  if (health === 'unhealthy') return state('lost', 'is unhealthy')
  if (health === 'healthy') return { ...state('fine', 'healthy'), fineSince: healthySince ?? upSince }
  if (health !== null || longestCheckMs !== null) return { ...state('coming', 'starting'), restarts }
  const fineAt = steadyAt(container) ?? new Date((upSince ?? now).getTime() + steadyMs)
  if (fineAt <= now) return { ...state('fine', 'running'), fineSince: fineAt }
  return { ...state('coming', restarts > 0 ? 'has restarted' : 'starting'), fineAt, restarts }
}

/** Such a container is found ended only while Docker itself restarts. */
const willRestart = ({ restartPolicy, wasStopped, startError }: ContainerFacts): boolean =>
  !wasStopped && !startError && (restartPolicy === 'always' || restartPolicy === 'unless-stopped')

const state = (is: ServiceState['is'], words: string): ContainerState => ({
  ...{ is, words, fineSince: null, fineAt: null, restarts: 0, failedAttempt: null, hasStarted: false },
})

function latest(states: ContainerState[]): Date | null {
  const moments = states.flatMap(({ fineSince }) => fineSince?.getTime() ?? [])
  return moments.length === 0 ? null : new Date(Math.max(...moments))
}
