/** What a number of failed checks in a row means: the node's status, and how long to wait before the next check. */
export interface HealthPolicy {
  /** Sorted by `fromFailures`, starting at 0. A band applies until the next one starts. */
  readonly bands: readonly HealthBand[]
  /** Waits vary by up to this share either way: 0.1 turns 2 minutes into 108 to 132 seconds. */
  readonly jitter: number
}

export interface HealthBand {
  readonly fromFailures: number
  readonly waitMs: number
  readonly status: NodeStatus
}

/** From best to worst. */
export const nodeStatuses = ['online', 'offline', 'unreachable'] as const
export type NodeStatus = (typeof nodeStatuses)[number]

const seconds = 1_000
const minutes = 60_000

/**
 * Two failed checks are noise, so it takes three (about 90 s of silence) to change the status. The waits trade load on a
 * network that drops packets against how late a returning node that cannot call home is noticed: half an hour at worst.
 */
export const defaultHealthPolicy: HealthPolicy = {
  bands: [
    { fromFailures: 0, waitMs: 30 * seconds, status: 'online' },
    { fromFailures: 3, waitMs: 2 * minutes, status: 'offline' },
    { fromFailures: 6, waitMs: 5 * minutes, status: 'offline' },
    { fromFailures: 11, waitMs: 15 * minutes, status: 'unreachable' },
    { fromFailures: 21, waitMs: 30 * minutes, status: 'unreachable' },
  ],
  jitter: 0.1,
}

/** Every problem in a policy, in words for its author. Empty for a valid one. */
export function checkPolicy({ bands, jitter }: HealthPolicy): string[] {
  const problems: string[] = []
  if (bands[0]?.fromFailures !== 0 || bands[0].status !== 'online') problems.push('the first band must start at 0 failures and be online')
  if (!(jitter >= 0 && jitter <= 0.5)) problems.push('jitter must be between 0 and 0.5')
  bands.forEach((band, index) => {
    const name = `band ${index + 1}`
    const before = bands[index - 1]
    if (!Number.isInteger(band.fromFailures)) problems.push(`${name}: fromFailures must be a whole number`)
    if (!(Number.isInteger(band.waitMs) && band.waitMs > 0)) problems.push(`${name}: waitMs must be a whole number above 0`)
    if (!before) return
    if (!(band.fromFailures > before.fromFailures)) problems.push(`${name}: fromFailures must be higher than in the previous band`)
    if (!(band.waitMs >= before.waitMs)) problems.push(`${name}: waitMs must not be lower than in the previous band`)
    if (nodeStatuses.indexOf(band.status) < nodeStatuses.indexOf(before.status))
      problems.push(`${name}: status must not be better than in the previous band`)
  })
  return problems
}

/** The band for this many failures in a row. */
export function bandFor(policy: HealthPolicy, failures: number): HealthBand {
  const band = policy.bands.findLast(({ fromFailures }) => fromFailures <= failures)
  if (!band) throw new Error(`The health policy has no band for ${failures} failures`)
  return band
}
