import type { Clock } from '../../clock.ts'

export interface Rate {
  /** How much is refilled per second. */
  perSecond: number
  /** How much can be used at once after a quiet time. */
  burst: number
}

/** One value per node, created on first use. */
export function perNode<T>(make: () => T) {
  const all = new Map<string, T>()
  return {
    of(nodeId: string): T {
      const known = all.get(nodeId) ?? make()
      all.set(nodeId, known)
      return known
    },
    /** Call when a node is removed. */
    forget: (nodeId: string): void => void all.delete(nodeId),
  }
}

/** A token bucket: allows bursts, but limits the long-term rate. */
export function createTokenBucket({ perSecond, burst }: Rate, clock: Clock) {
  let left = burst
  let countedAt = clock.now().getTime()

  function refill(): void {
    const now = clock.now().getTime()
    // A clock that is set back refills nothing.
    left = Math.min(burst, left + (Math.max(0, now - countedAt) / 1000) * perSecond)
    countedAt = now
  }

  return {
    /** Takes `amount`. Returns false and takes nothing if there is not enough left. */
    take(amount = 1): boolean {
      refill()
      if (amount > left) return false
      left -= amount
      return true
    },

    /** Returns an amount that was taken but not used. */
    giveBack(amount = 1): void {
      // Whatever reads it next cuts it to the burst.
      left += amount
    },

    /** How many milliseconds until `amount` is available. */
    waitMs(amount = 1): number {
      refill()
      return Math.max(0, Math.ceil(((Math.min(amount, burst) - left) / perSecond) * 1000))
    },
  }
}
