import type { Clock } from '../../clock.ts'
import { errorMessage } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { createRetryLoop } from '../../retry.ts'
import { phaseOf } from '../members/check-times.ts'

/** After a start, a node waits this long before it calls its primary. */
export const heartbeatStartDelayMs = 2000

/** Once a minute, for cron. Each node has its own second, so that a rack of nodes does not call all at once. */
export const heartbeatSchedule = (nodeId: string): string => `${Math.floor(phaseOf(nodeId) * 60)} * * * * *`

export type HeartbeatOutcome =
  | { kind: 'accepted'; settingsVersion: string | undefined }
  | { kind: 'refused'; reason: string }
  | { kind: 'no-answer'; reason: string; retryAfterMs?: number | undefined }

export type HeartbeatTimes = ReturnType<typeof createHeartbeatTimes>

/**
 * Tells the primary that this node is up: `startDelayMs` after the start, and whenever `sendNow` is called (on a schedule, or
 * when the primary calls). If the primary does not answer, retries after 1 s to 15 s so that the primary learns of this node
 * soon after it is back. A refusal waits for the next call, because retrying would not change it.
 */
export function createHeartbeatTimes(deps: {
  primaryUrl: () => string
  send: () => Promise<HeartbeatOutcome>
  /** Called after every accepted heartbeat. */
  onAccepted: (heartbeat: { first: boolean; afterFailure: boolean; settingsVersion: string | undefined }) => void
  startDelayMs: number
  clock: Clock
  random: () => number
  log: Log
}) {
  const { log } = deps
  let accepted = false
  let failing = false
  let announced = false
  let cancelStart: () => void = () => undefined

  const loop = createRetryLoop({
    firstMs: 1000,
    longestMs: 15_000,
    clock: deps.clock,
    random: deps.random,
    async job(attempt) {
      const outcome = await deps.send().catch((error: unknown): HeartbeatOutcome => ({ kind: 'no-answer', reason: errorMessage(error) }))
      switch (outcome.kind) {
        case 'accepted':
          if (!accepted) log.info({ url: deps.primaryUrl() }, 'startup heartbeat sent successfully to primary')
          else if (failing) log.info({ url: deps.primaryUrl() }, 'heartbeat accepted again by primary')
          deps.onAccepted({ first: !accepted, afterFailure: failing, settingsVersion: outcome.settingsVersion })
          accepted = true
          failing = false
          return 'done'
        case 'refused':
          log.warn({ url: deps.primaryUrl(), reason: outcome.reason }, 'heartbeat failed')
          failing = true
          return 'done'
        case 'no-answer':
          // Logged on the first attempt and every tenth after, so an hour without a primary does not fill the log.
          if (attempt % 10 === 0) log.warn({ url: deps.primaryUrl(), error: outcome.reason }, 'failed to send heartbeat to primary')
          failing = true
          return outcome.retryAfterMs === undefined ? 'again' : { afterMs: outcome.retryAfterMs }
      }
    },
  })

  /** A call from the primary can trigger the first heartbeat early. */
  function sendNow(): void {
    if (!announced) log.info({ url: deps.primaryUrl() }, 'sending startup heartbeat to primary')
    announced = true
    loop.run()
  }

  return {
    start(): void {
      cancelStart = deps.clock.after(deps.startDelayMs, sendNow)
    },
    sendNow,
    /** Whether the primary has not accepted the latest heartbeat. */
    isFailing: (): boolean => failing || !accepted,
    stop(): void {
      cancelStart()
      loop.stop()
    },
  }
}
