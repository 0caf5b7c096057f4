import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import { NodeCallError } from '../transport/node-call-error.ts'
import { createHeartbeatTimes, type HeartbeatOutcome } from './heartbeat-times.ts'
import type { Home } from './home.ts'

export type OwnHeartbeats = ReturnType<typeof createOwnHeartbeats>

/** A secondary's heartbeats. Each outcome is noted for its own dashboard. */
export function createOwnHeartbeats(deps: {
  home: Pick<Home, 'callHome' | 'primaryAddress' | 'primaryContact'>
  primaryUrl: () => string
  /** Called after every accepted heartbeat. */
  onAccepted: (heartbeat: { first: boolean; afterFailure: boolean; settingsVersion: string | undefined }) => void
  startDelayMs: number
  clock: Clock
  random: () => number
  log: Log
}) {
  const { home, primaryUrl } = deps
  const { primaryAddress, primaryContact } = home

  async function send(): Promise<HeartbeatOutcome> {
    try {
      const { settingsVersion, primaryId } = await home.callHome(primaryUrl())
      primaryContact?.note(null)
      primaryAddress?.answered(primaryId)
      return { kind: 'accepted', settingsVersion }
    } catch (error) {
      if (!(error instanceof NodeCallError)) throw error
      primaryContact?.note(error.why)
      primaryAddress?.failed()
      // A primary that is starting, or a proxy in front of one that is away, refuses only for a moment.
      const passes = (error.httpStatus ?? 0) >= 500 || error.httpStatus === 429
      if (error.answered && !passes) return { kind: 'refused', reason: error.why }
      return { kind: 'no-answer', reason: error.why, retryAfterMs: error.retryAfterMs }
    }
  }

  const { onAccepted, startDelayMs, clock, random, log } = deps
  return {
    ...createHeartbeatTimes({ primaryUrl, send, onAccepted, startDelayMs, clock, random, log }),
    /** Sends a heartbeat now, outside the schedule. @returns whether the primary accepted it */
    isAccepted: (): Promise<boolean> =>
      send().then(
        ({ kind }) => kind === 'accepted',
        () => false,
      ),
  }
}
