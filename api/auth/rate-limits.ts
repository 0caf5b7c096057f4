import { isIPv6 } from 'node:net'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'

/**
 * How often one caller can do something expensive or try a secret. Generous for people, tight for programs that guess. For secrets
 * only failures count, and a correct secret that is cheap to check is never refused because of earlier wrong ones.
 */
export const budgets = {
  /** Provider answers that did not lead to a sign-in, per address. Each costs a call to the provider. */
  'sign-in': { points: 30, seconds: 60 },
  /** Wrong passwords, per name and place together. Nobody mistypes more often, and a guesser gets nowhere. */
  password: { points: 10, seconds: 60 },
  /** Wrong codes of authenticator apps, per account: after a right password, so only its owner and a thief of it get here. */
  'second-factor': { points: 10, seconds: 900 },
  /** Wrong sign-in links, per address. They cannot be guessed, but each try is written to the audit log. */
  'sign-in-link': { points: 30, seconds: 60 },
  /** Failed node credentials, per address and claimed id. A node with a wrong key calls a few times a minute. */
  'node-credentials': { points: 60, seconds: 60 },
  /** Calls of one node to its primary: a few a minute, more when it starts or its key changes. */
  'node-calls': { points: 600, seconds: 60 },
  /** Refused calls of a node that is over its limit. One that goes beyond this too is reported as misbehaving. */
  'refused-node-calls': { points: 10, seconds: 60 },
  /** Failed bearer tokens and sessions, per address. */
  'user-credentials': { points: 60, seconds: 60 },
  /** Refused join tokens, per address. A node tries once a minute, and several nodes can share an address. */
  'join-token': { points: 20, seconds: 60 },
  /** Actions that run Compose or call a node, per caller. */
  action: { points: 120, seconds: 60 },
  /** Sessions ended, and tokens made or revoked, per caller. Viewers can do this, and each adds two lines to the audit log. */
  account: { points: 60, seconds: 600 },
} as const

export type Budget = keyof typeof budgets
export type Limits = ReturnType<typeof createLimits>

/** Bounds memory, because strangers choose the keys. The counts that expire first are dropped. */
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

  /** A key's count, unless it has expired. All counts of one budget last equally long, so the oldest expire first. */
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
    /** Takes one point from the caller's budget. @throws RATE_LIMITED */
    take(budget: Budget, key: string): Promise<void> {
      const { points, seconds } = budgets[budget]
      const now = clock.now().getTime()
      const known = countOf(budget, key)
      if (known && known.used >= points) return Promise.reject(tooMany(known.endsAt - now))
      if (known) known.used += 1
      else counts[budget].set(key, { used: 1, endsAt: now + seconds * 1000 })
      return Promise.resolve()
    },

    /** Returns a point, because the try was not a failure. */
    giveBack(budget: Budget, key: string): void {
      const known = countOf(budget, key)
      if (known) known.used -= 1
    },

    /** For tests of the memory bound. */
    size: (budget: Budget): number => counts[budget].size,
  }
}

function tooMany(waitMs: number): AppError {
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000))
  return new AppError('RATE_LIMITED', `Too many requests. Try again in ${retryAfterSeconds} s`, { retryAfterSeconds })
}

/** What counts as one place: an IPv4 address, or an IPv6 /64, because one machine can use any address in its network. */
export function placeOf(address: string): string {
  if (!isIPv6(address)) return address
  const [head = '', tail = ''] = address.split('::')
  const groups = head.split(':').filter(Boolean)
  const rest = tail.split(':')
  const zeros = Array.from({ length: 8 - groups.length - rest.length }, () => '0')
  return [...groups, ...zeros, ...rest]
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':')
}
