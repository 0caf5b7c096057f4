import { isIPv6 } from 'node:net'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'

/**
 * How often one caller may do what costs much or guesses at secrets. Generous for people, short for programs that try. What
 * guesses at secrets counts failures only, and a right secret that is cheap to check is never refused for the wrong ones.
 */
export const budgets = {
  /** Answers of a provider that came to nothing, per address: each costs a call to the provider. */
  'sign-in': { points: 30, seconds: 60 },
  /** Wrong passwords, per name and place together: nobody mistypes more often, and a guesser gets nowhere. */
  password: { points: 10, seconds: 60 },
  /** Links that were not right, per address: they cannot be guessed, but each try is written to the audit log. */
  'sign-in-link': { points: 30, seconds: 60 },
  /** Failed node credentials, per address and claimed id: a node with a wrong key asks a few times a minute. */
  'node-credentials': { points: 60, seconds: 60 },
  /** What one node asks of its primary: a few times a minute, some more when it starts or its key changes. */
  'node-calls': { points: 600, seconds: 60 },
  /** Calls of a node that were refused for that: what it may still try until it has heard. */
  'refused-node-calls': { points: 10, seconds: 60 },
  /** Failed bearer tokens and sessions, per address. */
  'user-credentials': { points: 60, seconds: 60 },
  /** Join tokens that were refused, per address: a node asks once a minute, and several may share an address. */
  'join-token': { points: 20, seconds: 60 },
  /** Actions that run Compose or call a node, per caller. */
  action: { points: 120, seconds: 60 },
  /** Sessions ended, tokens made and revoked, per caller: a viewer may do this, and each is two lines in the audit log. */
  account: { points: 60, seconds: 600 },
} as const

export type Budget = keyof typeof budgets
export type Limits = ReturnType<typeof createLimits>

/** Bounds memory, since strangers choose the keys: the counts that end soonest give way. */
const mostKeys = 10_000

interface Count {
  used: number
  endsAt: number
}

export function createLimits({ clock }: { clock: Clock }) {
  const counts = Object.fromEntries(Object.keys(budgets).map((name) => [name, new Map<string, Count>()])) as Record<
    Budget,
    Map<string, Count>
  >

  /** The count of a key whose time is not over. Counts of one budget last equally long, so the oldest are the first to end. */
  function countOf(budget: Budget, key: string): Count | undefined {
    const now = clock.now().getTime()
    const ofBudget = counts[budget]
    for (const [old, { endsAt }] of ofBudget) {
      if (endsAt > now && ofBudget.size < mostKeys) break
      ofBudget.delete(old)
    }
    return ofBudget.get(key)
  }

  return {
    /** Takes one from the caller's budget. @throws RATE_LIMITED */
    take(budget: Budget, key: string): Promise<void> {
      const { points, seconds } = budgets[budget]
      const now = clock.now().getTime()
      const known = countOf(budget, key)
      if (known && known.used >= points) return Promise.reject(tooMany(known.endsAt - now))
      if (known) known.used += 1
      else counts[budget].set(key, { used: 1, endsAt: now + seconds * 1000 })
      return Promise.resolve()
    },

    /** Puts back what was taken: it was no failure. */
    giveBack(budget: Budget, key: string): void {
      const known = countOf(budget, key)
      if (known) known.used -= 1
    },

    /** For tests of its bounds. */
    size: (budget: Budget): number => counts[budget].size,
  }
}

function tooMany(waitMs: number): AppError {
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000))
  return new AppError('RATE_LIMITED', `Too many in a short time. Try again in ${retryAfterSeconds} s`, { retryAfterSeconds })
}

/** What counts as one place: an IPv4 address, or the network of an IPv6 one, in which a machine has as many addresses as it likes. */
export function placeOf(address: string): string {
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('::')
  const groups = head.split(':').filter(Boolean)
  const rest = tail === undefined ? [] : tail.split(':').filter(Boolean)
  const zeros = tail === undefined ? 0 : 8 - groups.length - rest.length
  return [...groups, ...Array.from({ length: Math.max(0, zeros) }, () => '0'), ...rest]
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':')
}
