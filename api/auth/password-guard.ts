import pLimit from 'p-limit'
import { AppError } from '../errors.ts'
import { placeOf, type Limits } from './rate-limits.ts'
import type { SignInPlaces } from './sign-in-places.ts'

/** Whoever is last in this queue waits a few seconds, because one check takes a few tenths of a second. */
const longestQueue = 20
/** How many of them can come from one place where nobody has signed in before. */
const waitingPerPlace = 2

/** An attempt to sign in with a password. */
export interface PasswordTry {
  /** Lower case, as it is compared. */
  name: string
  address: string
  /** The secret that a returning browser sends; see http/browser-secret.ts. Null for programs. */
  browser: string | null
}

export type PasswordGuard = ReturnType<typeof createPasswordGuard>

/**
 * Guards every password check, because a check is slow on purpose. Wrong passwords count per name and place together, so guesses
 * from elsewhere lock nobody out. A caller from a place where this name has signed in before neither queues behind strangers nor
 * shares a budget with them.
 */
export function createPasswordGuard({ limits, places }: { limits: Limits; places: SignInPlaces }) {
  // Each check takes 64 MiB, so one runs at a time for strangers, and one for people who signed in here before.
  const lanes = { known: pLimit(1), strangers: pLimit(1) }
  const waiting = new Map<string, number>()

  const placesOf = ({ address, browser }: PasswordTry): string[] => [
    ...(browser === null ? [] : [`browser ${browser}`]),
    `address ${placeOf(address)}`,
  ]

  async function inLane<T>(lane: keyof typeof lanes, place: string, run: () => Promise<T>): Promise<T> {
    const own = waiting.get(place) ?? 0
    if (lanes[lane].pendingCount >= longestQueue || (lane === 'strangers' && own >= waitingPerPlace)) {
      throw new AppError('RATE_LIMITED', 'Too many people are signing in at once. Try again in 5 s', { retryAfterSeconds: 5 })
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
     * Checks a password after those ahead of it in the queue.
     *
     * @param verify returns null for a wrong password
     * @throws RATE_LIMITED after too many wrong passwords for this name from this place, or when the queue is full
     */
    async check<T>(who: PasswordTry, verify: () => Promise<T | null>): Promise<T | null> {
      const own = placesOf(who)
      const known = own.find((place) => places.knows(who.name, place))
      const place = known ?? `address ${placeOf(who.address)}`
      const key = `${who.name} ${place}`
      // Taken first and returned if the password was right, so that parallel tries give no more guesses than sequential ones.
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
      return found
    },

    /**
     * Checks a code after a right password, or to turn codes off. Whoever gets that far shares one budget, but for those who signed in
     * from the place before.
     *
     * @throws RATE_LIMITED
     */
    async checkCode(who: PasswordTry, verify: () => Promise<boolean>): Promise<boolean> {
      const known = placesOf(who).find((place) => places.knows(who.name, place))
      const key = `${who.name} ${known ?? ''}`
      await limits.take('second-factor', key)
      const isRight = await verify()
      if (isRight) limits.giveBack('second-factor', key)
      return isRight
    },

    /** Remembers the place of a sign-in that is complete, so that others' guesses do not slow down the next one from there. */
    passed: (who: PasswordTry): Promise<void> => places.remember(who.name, placesOf(who)),
  }
}
