import { bounds, cut } from '../../bounds.ts'
import type { Clock } from '../../clock.ts'
import { errorMessage } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { createRetryLoop, type RetryOutcome } from '../../retry.ts'
import type { EarlierFailure, JoinHop } from './join-hops.ts'

export type JoinOutcome =
  | { kind: 'joined'; name: string; primary: string; notes: string[] }
  /** `passing`: the failure may go away by itself. Otherwise a person has to fix it. */
  | { kind: 'failed'; hop: JoinHop; reason: string; passing: boolean; retryAfterMs: number | null }

/** Retry interval for failures that a person has to fix. Retrying at all means the fix needs no restart. */
const mendedByPeopleMs = 60_000
/** How many earlier failures are reported to the primary when it is reached. */
const mostTold = bounds.join.earlier

export type Joiner = ReturnType<typeof createJoiner>

/**
 * Joins this node to its primary's cluster, retrying until it succeeds. If the primary already knows the node, the token is
 * not used.
 */
export function createJoiner(deps: {
  primaryUrl: string
  /** Whether the primary knows this node and its key. */
  isMember: () => Promise<boolean>
  join: (earlier: EarlierFailure[]) => Promise<JoinOutcome>
  onMember: () => void
  clock: Clock
  random: () => number
  log: Log
}) {
  const { primaryUrl: url, clock, log } = deps
  let isDone = false
  let lastReason = ''
  let earlier: EarlierFailure[] = []

  function member(): 'done' {
    isDone = true
    deps.onMember()
    return 'done'
  }

  function failed(outcome: Extract<JoinOutcome, { kind: 'failed' }>, attempt: number): RetryOutcome {
    const { hop, reason, passing, retryAfterMs } = outcome
    // Logged when the reason changes and on every tenth attempt, so an hour without a primary does not fill the log.
    if (reason !== lastReason || attempt % 10 === 0) log.warn({ url, hop, reason }, 'join failed')
    // A refusal came from the primary, which now knows about it and about the earlier failures sent with the request.
    if (!isBeforePrimary(hop)) earlier = []
    else if (reason !== lastReason) {
      earlier = [...earlier, { at: clock.now(), hop, message: cut(reason, bounds.join.failure) }].slice(-mostTold)
    }
    lastReason = reason
    if (retryAfterMs !== null) return { afterMs: retryAfterMs }
    return passing ? 'again' : { afterMs: mendedByPeopleMs }
  }

  const loop = createRetryLoop({
    firstMs: 1000,
    longestMs: 15_000,
    clock,
    random: deps.random,
    async job(attempt) {
      if (isDone) return 'done'
      if (await deps.isMember()) return member()
      if (attempt === 0) log.info({ url }, 'joining primary')
      const outcome = await deps.join(earlier).catch(unforeseen)
      if (outcome.kind === 'failed') return failed(outcome, attempt)
      const { name, primary, notes } = outcome
      log.info({ url, name, primary, ...(notes.length > 0 ? { notes } : {}) }, 'joined primary')
      return member()
    },
  })

  return {
    start: (): void => loop.run(),
    /** Call when the primary is reachable. Retries without waiting. */
    tryNow(): void {
      if (!isDone) loop.run()
    },
    isDone: (): boolean => isDone,
    stop: (): void => loop.stop(),
  }
}

const unforeseen = (error: unknown): JoinOutcome => ({
  kind: 'failed',
  hop: 'http',
  reason: errorMessage(error),
  passing: true,
  retryAfterMs: null,
})

const isBeforePrimary = (hop: JoinHop): boolean => hop === 'dns' || hop === 'tcp' || hop === 'tls' || hop === 'http'
