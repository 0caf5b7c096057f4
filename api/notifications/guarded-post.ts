import { EnvHttpProxyAgent, request } from 'undici'
import type { Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import type { Proxies } from '../proxies.ts'
import { isReservedHost, lookupUnreserved } from '../reserved-addresses.ts'

/** A receiver that takes longer gets the message again later. */
export const answerWithinMs = 10_000
/** Of an answer, only its status counts. What it says is not kept, so a channel cannot read what lies behind an address. */
const mostRead = 64 * 1024

/** Why a message was not taken. */
export class DeliveryError extends Error {
  /** How long the receiver asked to wait; null if it did not. */
  readonly retryAfterMs: number | null
  /** The receiver works, but does not want this message. */
  readonly refused: boolean
  constructor(message: string, options: { cause?: unknown; retryAfterMs?: number | null; refused?: boolean } = {}) {
    super(message, { cause: options.cause })
    this.retryAfterMs = options.retryAfterMs ?? null
    this.refused = options.refused ?? false
  }
}

/** Answers that are about the message. Others are about the address, the secret or the receiver, which people or time put right. */
const refusals: ReadonlySet<number> = new Set([400, 406, 413, 415, 422])

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
    /** @param signal ends it @throws DeliveryError unless the answer is a success */
    async post(address: string, headers: Record<string, string>, body: string, signal: AbortSignal): Promise<void> {
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
          signal: AbortSignal.any([late.signal, signal]),
        })
        await answer.body.dump({ limit: mostRead })
        if (answer.statusCode >= 200 && answer.statusCode < 300) return
        throw refusal(url, answer.statusCode, answer.headers['retry-after'], clock.now())
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

function refusal(url: URL, status: number, retryAfter: string | string[] | undefined, now: Date): DeliveryError {
  const redirects = status >= 300 && status < 400 ? '. Redirects are not followed: enter the address that it redirects to' : ''
  const asked = Array.isArray(retryAfter) ? retryAfter[0] : retryAfter
  return new DeliveryError(`${url.host} answered ${status}${redirects}`, {
    retryAfterMs: asked === undefined ? null : waitOf(asked, now),
    refused: refusals.has(status),
  })
}

/** Source: RFC 9110, 10.2.3: seconds, or a date. */
function waitOf(retryAfter: string, now: Date): number | null {
  const ms = /^\d+$/.test(retryAfter.trim()) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - now.getTime()
  return ms > 0 ? ms : null
}

/** Node reports the attempts at several addresses as one error without a message. */
function reasonOf(error: unknown): string {
  const inner = error instanceof AggregateError ? error.errors[0] : error
  return errorMessage(inner instanceof Error && inner.message === '' && inner.cause ? inner.cause : inner)
}
