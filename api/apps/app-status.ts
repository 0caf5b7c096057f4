import type { App, AppDesiredState, AppStatus, Container } from './app.ts'
import type { OperationKind } from './operation.ts'

export interface AppFacts {
  desiredState: AppDesiredState
  /** The operation that waits or runs for this app. */
  activeOperation: OperationKind | null
  /** Why the last operation did not succeed; null when it did. */
  lastOperationError: string | null
  containers: Container[]
  /** Whether the Engine answers; a string says why it does not. */
  dockerAvailable: boolean | string
}

type Verdict = Pick<App, 'status' | 'statusReason'>

/** More than these make a reason unreadable; the containers are listed beside it anyway. */
const maxNamed = 3

const verdict = (status: AppStatus, statusReason: string | null = null): Verdict => ({ status, statusReason })

/** The one place where what the user asked for and what Docker says become the status of an app. */
export function statusOf(facts: AppFacts): Verdict {
  if (facts.activeOperation === 'create') return verdict('pending')
  if (facts.activeOperation !== null) return verdict('updating')
  if (facts.dockerAvailable !== true) return verdict('unknown', facts.dockerAvailable || 'Docker does not answer')
  return facts.desiredState === 'running' ? whenItShouldRun(facts) : whenItShouldStand(facts)
}

function whenItShouldRun({ containers, lastOperationError }: AppFacts): Verdict {
  if (containers.length === 0) {
    return lastOperationError ? verdict('error', lastOperationError) : verdict('stopped', 'there are no containers')
  }
  const problems = containers.map(problemOf).filter((problem) => problem !== null)
  if (problems.length > 0)
    return verdict('error', lastOperationError ? `${enumerate(problems)} (${lastOperationError})` : enumerate(problems))
  if (containers.some(isUp)) return verdict('running', lastOperationError)
  return verdict('stopped', 'all containers have finished')
}

function whenItShouldStand({ containers, lastOperationError }: AppFacts): Verdict {
  const up = containers.filter(isUp)
  if (up.length === 0) return verdict('stopped', lastOperationError)
  const reason = `it should be stopped, but ${enumerate(up.map((container) => `service ${nameOf(container)} is ${container.state}`))}`
  return verdict('running', lastOperationError ? `${reason} (${lastOperationError})` : reason)
}

export const isUp = ({ state }: Pick<Container, 'state'>): boolean => state === 'running' || state === 'paused' || state === 'restarting'

/** What is wrong with one container of an app that should run; null for one that runs or has done its work. */
function problemOf(container: Container): string | null {
  const service = `service ${nameOf(container)}`
  const { state, exitCode, health } = container
  const withCode = exitCode === null ? '' : ` (exit code ${exitCode})`
  if (state === 'restarting') return `${service} keeps restarting${withCode}`
  if (state === 'dead') return `${service} is dead${withCode}`
  if (state === 'exited' && exitCode !== 0) return exitCode === null ? `${service} exited` : `${service} exited with code ${exitCode}`
  if (state === 'created') return `${service} was created, but has not started`
  if (state === 'running' && health === 'unhealthy') return `${service} is unhealthy`
  return null
}

/** Containers that Compose did not label have no service name. */
const nameOf = ({ service, name }: Container): string => service || name

const enumerate = (items: string[]): string =>
  items.length <= maxNamed ? items.join(', ') : `${items.slice(0, maxNamed).join(', ')} and ${items.length - maxNamed} more`
