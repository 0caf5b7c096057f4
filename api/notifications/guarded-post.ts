import { EnvHttpProxyAgent, request } from 'undici'
import type { Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import type { Proxies } from '../proxies.ts'
import { isReservedHost, lookupUnreserved } from '../reserved-addresses.ts'

/** A receiver that takes longer gets the message again later. */
export const answerWithinMs = 10_000
/** Of an answer, only its status counts. What it says is not kept, so a channel cannot read what lies behind an address. */
const mostRead = 64 * 1024

/** Why a message was not taken. @param retryAfterMs how long the receiver asked to wait; null if it did not */
export class DeliveryError extends Error {
  readonly retryAfterMs: number | null
  constructor(message: string, options: { cause?: unknown; retryAfterMs?: number | null } = {}) {
    super(message, { cause: options.cause })
    this.retryAfterMs = options.retryAfterMs ?? null
  }
}

export type GuardedPost = ReturnType<typeof createGuardedPost>

/** Posts to receivers, bounded in time, at no address where no receiver can be, and without following redirects. */
export function createGuardedPost({ clock, userAgent, proxies }: { clock: Clock; userAgent: string; proxies: Proxies }) {
  const agent = new EnvHttpProxyAgent({
    ...proxies,
    connections: 2,
    connect: { timeout: 5000, lookup: lookupUnreserved('where no receiver can be') },
    headersTimeout: answerWithinMs,
    bodyTimeout: answerWithinMs,
  })

  return {
    /** @throws DeliveryError unless the answer is a success */
    async post(address: string, headers: Record<string, string>, body: string): Promise<void> {
      const url = new URL(address)
      if (isReservedHost(url.hostname)) throw new DeliveryError(`${url.hostname} is an address where no receiver can be`)
      const late = new AbortController()
      const cancel = clock.after(answerWithinMs, () => late.abort())
      try {
        const answer = await request(url, {
          dispatcher: agent,
          method: 'POST',
          headers: { 'user-agent': userAgent, 'content-type': 'application/json', ...headers },
          body,
          signal: late.signal,
        })
        await answer.body.dump({ limit: mostRead })
        if (answer.statusCode >= 200 && answer.statusCode < 300) return
        throw refusal(url, answer.statusCode, answer.headers['retry-after'])
      } catch (error) {
        if (error instanceof DeliveryError) throw error
        const why = late.signal.aborted ? `no answer within ${answerWithinMs / 1000} s` : reasonOf(error)
        throw new DeliveryError(`${url.host} could not be reached: ${why}`, { cause: error })
      } finally {
        cancel()
      }
    },

    stop: (): Promise<void> => agent.destroy(),
  }
}

function refusal(url: URL, status: number, retryAfter: string | string[] | undefined): DeliveryError {
  const seconds = Number(Array.isArray(retryAfter) ? retryAfter[0] : retryAfter)
  const redirects = status >= 300 && status < 400 ? '. Redirects are not followed: enter the address that it redirects to' : ''
  return new DeliveryError(`${url.host} answered ${status}${redirects}`, {
    retryAfterMs: Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : null,
  })
}

/** Node reports the attempts at several addresses as one error without a message. */
function reasonOf(error: unknown): string {
  const inner = error instanceof AggregateError ? error.errors[0] : error
  return errorMessage(inner instanceof Error && inner.message === '' && inner.cause ? inner.cause : inner)
}
