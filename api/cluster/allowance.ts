import type { Clock } from '../clock.ts'

export interface Rate {
  /** What is granted again in a second. */
  perSecond: number
  /** What may be used at once after a quiet time. */
  burst: number
}

/** Something of each node, made when it is first asked for. */
export function perNode<T>(make: () => T) {
  const all = new Map<string, T>()
  return {
    of(nodeId: string): T {
      const known = all.get(nodeId) ?? make()
      all.set(nodeId, known)
      return known
    },
    /** Of a node that was removed. */
    forget: (nodeId: string): void => void all.delete(nodeId),
  }
}

/** How much of something one node may use (a token bucket): many at once, few in the long run. */
export function createAllowance({ perSecond, burst }: Rate, clock: Clock) {
  let left = burst
  let countedAt = clock.now().getTime()

  function refill(): void {
    const now = clock.now().getTime()
    // A clock that is put back grants nothing.
    left = Math.min(burst, left + (Math.max(0, now - countedAt) / 1000) * perSecond)
    countedAt = now
  }

  return {
    /** False when there is not enough left; then nothing is taken. */
    take(amount = 1): boolean {
      refill()
      if (amount > left) return false
      left -= amount
      return true
    },

    /** Gives back what was taken and not used. */
    giveBack(amount = 1): void {
      left = Math.min(burst, left + amount)
    },

    /** After how many milliseconds so much will be there. */
    waitMs(amount = 1): number {
      refill()
      return Math.max(0, Math.ceil(((Math.min(amount, burst) - left) / perSecond) * 1000))
    },
  }
}
