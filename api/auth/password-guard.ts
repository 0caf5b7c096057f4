import pLimit from 'p-limit'
import { AppError } from '../errors.ts'
import { placeOf, type Limits } from './limits.ts'
import type { SignInPlaces } from './sign-in-places.ts'

/** Who is behind these waits a few seconds, since one check takes some tenths of one. */
const longestQueue = 20
/** Of those who wait, this many may come from one place where nobody has signed in. */
const waitingPerPlace = 2

/** Who says that a password is theirs. */
export interface PasswordTry {
  /** As it is compared: lower case. */
  name: string
  address: string
  /** What a browser shows that has been here before, see http/browser-secret.ts; null for programs. */
  browser: string | null
}

export type PasswordGuard = ReturnType<typeof createPasswordGuard>

/**
 * Stands before every check of a password, which is slow on purpose. Wrong ones count by name and place together, so nobody is
 * locked out by what others guess from elsewhere; and who comes from a place where this name has signed in before neither waits
 * behind strangers nor shares a budget with them.
 */
export function createPasswordGuard({ limits, places }: { limits: Limits; places: SignInPlaces }) {
  // Each check takes 64 MiB: one at a time for strangers, and one for people who were here before.
  const lanes = { known: pLimit(1), strangers: pLimit(1) }
  const waiting = new Map<string, number>()

  const placesOf = ({ address, browser }: PasswordTry): string[] => [
    ...(browser === null ? [] : [`browser ${browser}`]),
    `address ${placeOf(address)}`,
  ]

  async function inLane<T>(lane: keyof typeof lanes, place: string, run: () => Promise<T>): Promise<T> {
    const own = waiting.get(place) ?? 0
    if (lanes[lane].pendingCount >= longestQueue || (lane === 'strangers' && own >= waitingPerPlace)) {
      throw new AppError('RATE_LIMITED', 'Too many people sign in at once. Try again in 5 s', { retryAfterSeconds: 5 })
    }
    waiting.set(place, own + 1)
    try {
      return await lanes[lane](run)
    } finally {
      const left = (waiting.get(place) ?? 1) - 1
      if (left > 0) waiting.set(place, left)
      else waiting.delete(place)
    }
  }

  return {
    /**
     * Checks a password when that is this caller's turn.
     *
     * @param verify null for a wrong one
     * @throws RATE_LIMITED after too many wrong ones of this name from this place, or when too many wait
     */
    async check<T>(who: PasswordTry, verify: () => Promise<T | null>): Promise<T | null> {
      const own = placesOf(who)
      const known = own.find((place) => places.knows(who.name, place))
      const place = known ?? `address ${placeOf(who.address)}`
      const key = `${who.name} ${place}`
      // Taken first and put back if it was right: many at once are no more guesses than one after the other.
      await limits.take('password', key)
      let found: T | null
      try {
        found = await inLane(known ? 'known' : 'strangers', place, verify)
      } catch (error) {
        limits.giveBack('password', key)
        throw error
      }
      if (found === null) return null
      limits.giveBack('password', key)
      await places.remember(who.name, own)
      return found
    },
  }
}
