import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { AppError } from '../errors.ts'

/** How often one caller may do what costs much or guesses at secrets. Generous for people, short for programs that try. */
export const budgets = {
  /** Starting to sign in, per address. */
  'sign-in': { points: 30, seconds: 60 },
  /** Failed node credentials, per address and claimed id: a node with a wrong key asks a few times a minute. */
  'node-credentials': { points: 60, seconds: 60 },
  /** What one node asks of its primary: a few times a minute, some more when it starts or its key changes. */
  'node-calls': { points: 600, seconds: 60 },
  /** Failed bearer tokens and sessions, per address. */
  'user-credentials': { points: 60, seconds: 60 },
  /** Join tokens that were refused, per address: a node asks once a minute, and several may share an address. */
  'join-token': { points: 20, seconds: 60 },
  /** Actions that run Compose or call a node, per caller. */
  action: { points: 120, seconds: 60 },
} as const

export type Budget = keyof typeof budgets
export type Limits = ReturnType<typeof createLimits>

export function createLimits() {
  const limiters = Object.fromEntries(
    Object.entries(budgets).map(([name, { points, seconds }]) => [
      name,
      new RateLimiterMemory({ keyPrefix: name, points, duration: seconds }),
    ]),
  ) as Record<Budget, RateLimiterMemory>

  const tooMany = (waitMs: number): AppError => {
    const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000))
    return new AppError('RATE_LIMITED', `Too many in a short time. Try again in ${retryAfterSeconds} s`, { retryAfterSeconds })
  }

  return {
    /** Takes one from the caller's budget. @throws RATE_LIMITED */
    async take(budget: Budget, key: string): Promise<void> {
      try {
        await limiters[budget].consume(key)
      } catch (error) {
        if (error instanceof RateLimiterRes) throw tooMany(error.msBeforeNext)
        throw error
      }
    },

    /** Whether the budget is used up, without taking from it. @throws RATE_LIMITED */
    async check(budget: Budget, key: string): Promise<void> {
      const state = await limiters[budget].get(key)
      if (state && state.consumedPoints >= budgets[budget].points) throw tooMany(state.msBeforeNext)
    },
  }
}
