import { bounds, cut } from '../bounds.ts'
import type { Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import { createRetryLoop, type RetryOutcome } from '../retry.ts'
import type { EarlierFailure, JoinHop } from './join-hops.ts'

export type JoinOutcome =
  | { kind: 'joined'; name: string; primary: string; notes: string[] }
  /** `passing`: it may well be gone in a moment; else somebody has to mend it. */
  | { kind: 'failed'; hop: JoinHop; reason: string; passing: boolean; retryAfterMs: number | null }

/** What only a person can mend is tried this rarely, so that mending it needs no restart. */
const mendedByPeopleMs = 60_000
/** What is told of failures on the way once the primary is reached. */
const mostTold = bounds.join.earlier

export type Joiner = ReturnType<typeof createJoiner>

/**
 * Makes this node a member of its primary's cluster: at its start, and again until it is one. A node that the primary knows
 * already is one, and its token stays unused.
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
    // Once when it changes and then once in a while: an hour without a primary is not a thousand lines.
    if (reason !== lastReason || attempt % 10 === 0) log.warn({ url, hop, reason }, 'join failed')
    // What the primary refused it has seen itself, and what it was told with that.
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
    /** The primary is there: no need to wait any longer. */
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
