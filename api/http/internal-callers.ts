import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import { bounds } from '../bounds.ts'
import { budgets } from '../auth/rate-limits.ts'
import { nodeTimeHeader, waitsUntilHeader, whileCallerWaits } from '../caller-patience.ts'
import { AppError } from '../errors.ts'
import type { Services } from '../services.ts'
import type { Door } from './door.ts'
import { authenticateCaller } from './node-door.ts'
import { problemResponse } from './problem.ts'
import type { HttpEnv } from './router.ts'

/** Identifies the calling node, and applies the rules that hold for every call. */

export const authenticate = (services: Services, door: Door) =>
  createMiddleware<HttpEnv>(async (c, next) => {
    const callerId = await authenticateCaller(services, door, c.env.incoming)
    if (callerId === null) {
      return problemResponse({
        status: 401,
        title: 'Invalid API key',
        detail: 'X-Node-ID and X-Node-API-Key do not match a node that can call here',
      })
    }
    await limitCalls(services, callerId)
    c.set('callerId', callerId)
    c.header(nodeTimeHeader, String(services.clock.now().getTime()))
    const address = door.addressOf(c.env.incoming)
    const claimed = claimedName(c.req.header('x-on-behalf-of'))
    c.set('by', claimed ?? callerId)
    c.set('actor', { name: claimed === null ? callerId : `${claimed} (reported by ${callerId})`, via: 'node', address })
    await next()
  })

/** For changes, which must not start after the calling node gave up and said so. */
export const onlyWhileCallerWaits = ({ clock }: Services) =>
  createMiddleware<HttpEnv>(async (c, next) => {
    if (c.req.method === 'GET') return next()
    let hasLeft = false
    c.env.outgoing.once('close', () => (hasLeft = true))
    const until = Number(c.req.header(waitsUntilHeader) ?? Number.NaN)
    await whileCallerWaits({ waitsUntil: Number.isFinite(until) ? until : null, hasLeft: () => hasLeft }, clock, next)
  })

/** A refusal costs as much as an answer, so it is delayed. The delay slows down a node that calls in a loop. */
const refusalDelayMs = 1000

/** @throws RATE_LIMITED for a node that calls its primary too often */
async function limitCalls({ access, clock, limits, self }: Services, callerId: string): Promise<void> {
  if (!self.isPrimary || callerId === self.id) return
  try {
    await access.limits.take('node-calls', callerId)
  } catch (error) {
    const { points, seconds } = budgets['node-calls']
    // Many of a node's calls are caused by this primary. Only a node that goes on after being told to wait is reported.
    await access.limits
      .take('refused-node-calls', callerId)
      .catch(() =>
        limits.misbehavior.note(
          callerId,
          `called its primary more than ${points} times within ${seconds} s, and did not wait when told to`,
        ),
      )
    await new Promise<void>((resolve) => void clock.after(refusalDelayMs, resolve))
    throw error
  }
}

/** The calling node is authenticated. On whose behalf it calls is only its claim. */
function claimedName(onBehalfOf: string | undefined): string | null {
  if (!onBehalfOf) return null
  try {
    return decodeURIComponent(onBehalfOf).slice(0, bounds.personName)
  } catch {
    return null
  }
}

/** A compromised secondary must not command its primary or read what runs there. */
export const ownNodeOnly = ({ self }: Services) =>
  createMiddleware<HttpEnv>(async (c, next) => {
    if (self.isPrimary && c.get('callerId') !== self.id)
      throw new AppError('FORBIDDEN', 'A node cannot act on its primary or read what runs there')
    await next()
  })

/** For an answer that goes on: a signal that aborts when the caller leaves, or when the key that it called with is no longer valid. */
export function whileKeyIsValid(c: Context<HttpEnv>, ownKey: Services['home']['ownKey']): { signal: AbortSignal; stop: () => void } {
  const apiKey = c.req.header('x-node-api-key')
  const revoked = new AbortController()
  const stop = ownKey.onForgotten((forgotten) => forgotten === apiKey && revoked.abort())
  return { signal: AbortSignal.any([c.req.raw.signal, revoked.signal]), stop }
}
