import pLimit from 'p-limit'
import type { Clock } from '../clock.ts'
import { createTokenBucket, type Rate } from '../cluster/limits/token-bucket.ts'
import { dockerHub } from '../image-reference.ts'
import { RegistryError } from './registry-error.ts'
import type { RegistryAnswer } from './registry-http.ts'

/** How many requests one registry gets from this node. Far below what registries allow, because people pull with the same allowance. */
const usualRate: Rate = { perSecond: 2, burst: 10 }
const parallelAt = (registry: string): number => (registry === dockerHub ? 5 : 3)
/** When a registry says 429 without saying how long; doubled each time. */
const firstPauseMs = 60_000
/** No registry needs longer, and a wrong date must not end the checks for good. */
const longestPauseMs = 24 * 3_600_000
/** With this few left, none is spent on checks: the rest is for pulls. */
const keptForPulls = 5

export interface RateLimit {
  limit: number | null
  remaining: number
  windowSeconds: number | null
  asOf: Date
}

export interface RegistryState {
  registry: string
  /** What the registry said last about its limit; null if it has said nothing. */
  rateLimit: RateLimit | null
  /** Until when it is not asked. */
  pausedUntil: Date | null
}

export type RegistryBudget = ReturnType<typeof createRegistryBudget>

/** Keeps this node polite: few requests at once, few per second, and none while a registry asks to wait. */
export function createRegistryBudget({ clock, rate = usualRate }: { clock: Clock; rate?: Rate }) {
  const all = new Map<string, ReturnType<typeof createPart>>()

  function createPart(registry: string) {
    return {
      limit: pLimit(parallelAt(registry)),
      bucket: createTokenBucket(rate, clock),
      rateLimit: null as RateLimit | null,
      pausedUntil: null as Date | null,
      pauses: 0,
    }
  }
  const partOf = (registry: string): ReturnType<typeof createPart> => {
    const part = all.get(registry) ?? createPart(registry)
    all.set(registry, part)
    return part
  }

  function refuseWhilePaused(registry: string): void {
    const { pausedUntil } = partOf(registry)
    if (pausedUntil === null || pausedUntil <= clock.now()) return
    throw new RegistryError('limited', `${registry} asks to wait until ${pausedUntil.toISOString()}`, { retryAt: pausedUntil })
  }

  async function turn(bucket: ReturnType<typeof createTokenBucket>): Promise<void> {
    while (!bucket.take()) await new Promise<void>((resolve) => void clock.after(bucket.waitMs(), resolve))
  }

  /** Learns from what the registry says of its limit. @throws RegistryError if it asks to wait */
  function heed(registry: string, answer: RegistryAnswer): RegistryAnswer {
    const part = partOf(registry)
    const now = clock.now()
    const said = limitOf(answer, now)
    if (said) part.rateLimit = said
    const isLimited = answer.status === 429 || (answer.status === 503 && answer.header('retry-after') !== null)
    if (!isLimited) {
      part.pauses = 0
      return answer
    }
    part.pauses += 1
    const asked = retryAfterMs(answer.header('retry-after'), now)
    part.pausedUntil = later(now, asked ?? firstPauseMs * 2 ** Math.min(part.pauses - 1, 10))
    refuseWhilePaused(registry)
    return answer
  }

  return {
    /** Asks when it is this request's turn. @throws RegistryError `limited` while the registry asks to wait */
    async run(registry: string, ask: () => Promise<RegistryAnswer>): Promise<RegistryAnswer> {
      refuseWhilePaused(registry)
      const part = partOf(registry)
      return part.limit(async () => {
        await turn(part.bucket)
        refuseWhilePaused(registry)
        return heed(registry, await ask())
      })
    },

    /** Whether a request that counts against the registry's limit would leave too few for pulls. */
    isShort(registry: string): boolean {
      const { rateLimit } = partOf(registry)
      if (rateLimit === null || rateLimit.remaining > keptForPulls) return false
      const ageMs = clock.now().getTime() - rateLimit.asOf.getTime()
      return ageMs < (rateLimit.windowSeconds ?? 3600) * 1000
    },

    /** Waits no longer, for example because the credentials have changed. */
    forgive(registry: string): void {
      const part = partOf(registry)
      Object.assign(part, { pausedUntil: null, pauses: 0, rateLimit: null })
    },

    states: (): RegistryState[] =>
      [...all].map(([registry, { rateLimit, pausedUntil }]) => ({
        registry,
        rateLimit,
        pausedUntil: pausedUntil && pausedUntil > clock.now() ? pausedUntil : null,
      })),
  }
}

const later = (now: Date, ms: number): Date => new Date(now.getTime() + Math.min(Math.max(ms, 1000), longestPauseMs))

/** Seconds or a date (RFC 9110, 10.2.3); null for anything else. */
function retryAfterMs(text: string | null, now: Date): number | null {
  if (text === null) return null
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1000
  const at = Date.parse(text)
  return Number.isNaN(at) ? null : Math.max(0, at - now.getTime())
}

/** Such as `76;w=21600`. Source: https://docs.docker.com/docker-hub/usage/ and the IETF draft that it follows. */
function limitOf(answer: RegistryAnswer, asOf: Date): RateLimit | null {
  const read = (name: string) => /^\s*(\d{1,9})(?:\s*;\s*w=(\d{1,9}))?/.exec(answer.header(name) ?? '')
  const remaining = read('ratelimit-remaining')
  if (!remaining) return null
  const limit = read('ratelimit-limit')
  const window = remaining[2] ?? limit?.[2]
  return { limit: limit ? Number(limit[1]) : null, remaining: Number(remaining[1]), windowSeconds: window ? Number(window) : null, asOf }
}
