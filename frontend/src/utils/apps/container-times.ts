import type { ContainerItem } from '../../graphql/items.ts'
import { plural } from '../shared/format.ts'
import { relativeTime, elapsedWords } from '../shared/time.ts'

export interface ContainerTimes {
  words: string
  /** The time they count from. */
  at: string | null
}

type Facts = Pick<ContainerItem, 'state' | 'startedAt' | 'finishedAt' | 'exitCode' | 'restartCount' | 'statusText'>

/**
 * How long a container has been in its state, such as `up 5 minutes, restarted 3 times`.
 *
 * @param isCurrent whether its node reports now; otherwise only the start time is known
 */
export function containerTimes(container: Facts, now: Date, isCurrent: boolean): ContainerTimes {
  const { state, startedAt, finishedAt, exitCode, restartCount, statusText } = container
  const restarts = restartCount ? `, restarted ${restartCount === 1 ? 'once' : plural(restartCount, 'time')}` : ''
  const withCode = typeof exitCode === 'number' ? ` with code ${exitCode}` : ''
  if (startedAt && (state === 'RUNNING' || state === 'PAUSED')) {
    const words = isCurrent && state === 'RUNNING' ? `up ${elapsedWords(startedAt, now)}` : `started ${relativeTime(startedAt, now)}`
    return { words: `${words}${restarts}`, at: startedAt }
  }
  if (finishedAt && (state === 'EXITED' || state === 'DEAD' || state === 'RESTARTING')) {
    const when = relativeTime(finishedAt, now)
    return { words: `exited ${when === 'now' ? 'just now' : when}${withCode}${restarts}`, at: finishedAt }
  }
  if (state === 'CREATED') return { words: 'never started', at: null }
  return { words: statusText, at: null }
}
