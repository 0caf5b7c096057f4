import type { Container } from './app.ts'
import type { RestartPolicy } from '../docker/engine.types.ts'

/** A container with the facts that only the app's status needs. */
export interface ContainerFacts extends Omit<Container, 'isSteady'> {
  restartPolicy: RestartPolicy | null
  /** Whether someone stopped it outside Selfhostly, so its restart policy does not apply. */
  wasStopped: boolean
  /** When it started to run, by this machine's clock. */
  upSince: Date | null
  /** When it first started to run: its restart policy's restarts do not change it. */
  firstUpSince: Date | null
  /** Since when its health check passes; null when it does not, or when there is none. */
  healthySince: Date | null
  /** How long its health check may take to decide; null without a health check. */
  longestCheckMs: number | null
  /** How long the previous run lasted before the restart policy restarted it; null when that was not seen. */
  lastRunMs: number | null
  /** From the last run that ended. */
  lastExitCode: number | null
  outOfMemory: boolean
  /** Why Docker could not start it. */
  startError: string | null
  isOneOff: boolean
}

/** A container that has run this long without a restart counts as running. */
export const steadyMs = 10_000
/** A run that failed after longer than this was not a crash loop. */
const longestLoopMs = 60_000

/**
 * When a container that its restart policy restarted counts as running: after 10 s, or after twice the length of its previous run,
 * so one that crashes every 15 s is not shown as running in between. Null for a container that was not restarted.
 */
export function steadyAt({ state, restartCount, upSince, lastRunMs }: ContainerFacts): Date | null {
  if (state !== 'running' || !restartCount || !upSince) return null
  const lasted = lastRunMs === null || lastRunMs > longestLoopMs ? 0 : lastRunMs
  return new Date(upSince.getTime() + Math.max(steadyMs, 2 * lasted))
}

export const isSteady = (container: ContainerFacts, now: Date): boolean =>
  container.state === 'running' && (steadyAt(container)?.getTime() ?? 0) <= now.getTime()

/** Whether a container has finished: it exited with 0 and should not run again. */
export const isDone = ({ state, exitCode, restartPolicy, wasStopped }: ContainerFacts, isJob: boolean): boolean =>
  state === 'exited' && exitCode === 0 && (isJob || (!wasStopped && restartPolicy !== 'always' && restartPolicy !== 'unless-stopped'))

const notStarted = 'could not start: '

/** Whether an operation's failure already gives this problem's reason. */
export const isToldBy = (problem: string, failure: string | null): boolean =>
  problem.includes(notStarted) && (failure?.includes(problem.slice(problem.indexOf(notStarted) + notStarted.length)) ?? false)

/** What is wrong with a container that should run; null when it runs well or has finished. */
export function problemOf(container: ContainerFacts, now: Date, isJob = false): string | null {
  const { state, exitCode, health, restartCount, lastExitCode } = container
  const code = exitCode ?? lastExitCode
  const withCode = code === null ? '' : ` (exit code ${code})`
  switch (state) {
    case 'restarting':
      return `keeps restarting${withCode}`
    case 'running':
      if (!isSteady(container, now)) return `${(restartCount ?? 0) > 1 ? 'keeps restarting' : 'has just restarted'}${withCode}`
      return health === 'unhealthy' ? 'is unhealthy' : null
    case 'paused':
      return 'is paused'
    case 'created':
      return container.startError ? notStarted + container.startError : 'was created but has not started'
    case 'removing':
      return 'is being removed'
    case 'dead':
      return `is dead${withCode}`
    case 'unknown':
      return 'is in a state this version of Selfhostly does not know'
    case 'exited':
      return isDone(container, isJob) ? null : endOf(container)
  }
}

function endOf({ exitCode, wasStopped, outOfMemory, startError }: ContainerFacts): string {
  if (startError) return notStarted + startError
  if (wasStopped || exitCode === 0) return exitCode === 0 ? 'was stopped' : `was stopped (exit code ${exitCode})`
  if (outOfMemory) return `ran out of memory (exit code ${exitCode})`
  return exitCode === null ? 'exited' : `exited with code ${exitCode}`
}
