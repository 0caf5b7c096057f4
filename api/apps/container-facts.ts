import type { Container } from './app.ts'
import type { RestartPolicy } from '../docker/engine.types.ts'

/** What the status of an app is made of, beyond what is shown of a container. */
export interface ContainerFacts extends Container {
  restartPolicy: RestartPolicy | null
  /** Somebody stopped it by its name, past Selfhostly and past its restart policy. */
  wasStopped: boolean
  /** Since when it runs, by this machine's clock. */
  upSince: Date | null
  /** How long the run before lasted, if its restart policy ended that wait; null when that was not seen. */
  lastRunMs: number | null
  /** Of the run that ended last. */
  lastExitCode: number | null
  outOfMemory: boolean
  /** Why Docker could not start it. */
  startError: string | null
  isOneOff: boolean
}

/** As the health gate of a deployment: what has run this long without a restart runs. */
const steadyMs = 10_000
/** A run that lasted longer than this and failed was no loop. */
const longestLoopMs = 60_000

/**
 * When a container that its restart policy has started again counts as running: after 10 s, or twice as long as it lasted before.
 * So one that crashes every 15 s is not shown as running for a third of the time. Null for one that nothing restarted.
 */
export function steadyAt({ state, restartCount, upSince, lastRunMs }: ContainerFacts): Date | null {
  if (state !== 'running' || !restartCount || !upSince) return null
  const lasted = lastRunMs === null || lastRunMs > longestLoopMs ? 0 : lastRunMs
  return new Date(upSince.getTime() + Math.max(steadyMs, 2 * lasted))
}

export const isSteady = (container: ContainerFacts, now: Date): boolean =>
  container.state === 'running' && (steadyAt(container)?.getTime() ?? 0) <= now.getTime()

/** Whether a container has done its work: it ended well, and nothing wants it back. */
export const isDone = ({ state, exitCode, restartPolicy, wasStopped }: ContainerFacts, isJob: boolean): boolean =>
  state === 'exited' && exitCode === 0 && (isJob || (!wasStopped && restartPolicy !== 'always' && restartPolicy !== 'unless-stopped'))

/** What is wrong with a container that should run; null for one that runs well or has done its work. */
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
      return container.startError ? `could not start: ${container.startError}` : 'was created, but has not started'
    case 'removing':
      return 'is being removed'
    case 'dead':
      return `is dead${withCode}`
    case 'unknown':
      return 'is in a state that this version of Selfhostly does not know'
    case 'exited':
      return isDone(container, isJob) ? null : endOf(container)
  }
}

function endOf({ exitCode, wasStopped, outOfMemory, startError }: ContainerFacts): string {
  if (startError) return `could not start: ${startError}`
  if (wasStopped || exitCode === 0) return exitCode === 0 ? 'was stopped' : `was stopped (exit code ${exitCode})`
  if (outOfMemory) return `ran out of memory (exit code ${exitCode})`
  return exitCode === null ? 'exited' : `exited with code ${exitCode}`
}
