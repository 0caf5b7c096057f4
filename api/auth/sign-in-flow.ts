import { hkdfSync, randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { sameSecret } from './node-credentials.ts'
import { createSecretBox } from './secret-box.ts'

/** Long enough to find a second factor, short enough that yesterday's link does not work. */
export const flowMs = 10 * 60 * 1000

/** Bounds memory. Each entry costs a completed round trip to the provider. The oldest are dropped first. */
const mostTaken = 10_000

/** A sign-in from the click here until the browser returns from the provider. */
export interface Flow {
  provider: string
  /** PKCE: proves to the token endpoint that we started this sign-in. */
  verifier: string
  /** Returned with the code: proves that the answer belongs to this browser's request. */
  state: string
  /** OpenID Connect: returned in the ID token. */
  nonce: string
  /** A path on this server. */
  returnTo: string
  /** The code of an invitation that this sign-in accepts. */
  invitation?: string | undefined
}

export type Flows = ReturnType<typeof createFlows>

/** Time between the return from the provider and the dashboard page that finishes the sign-in: one page load. */
const finishMs = 2 * 60 * 1000

const context = 'sign-in flow'
const finishContext = 'finished sign-in flow'
const finishShape = z.object({ userId: z.string(), state: z.string(), endsAt: z.number() })
const flowShape = z.object({
  provider: z.string(),
  verifier: z.string(),
  state: z.string(),
  nonce: z.string(),
  returnTo: z.string(),
  invitation: z.string().optional(),
  endsAt: z.number(),
})

/**
 * Sign-ins in progress. The browser that starts one keeps it, encrypted, in a cookie. Anyone can start a sign-in, so strangers
 * could fill a store kept here, or push other people's sign-ins out of it.
 */
export function createFlows({ clock, secret }: { clock: Clock; secret: string }) {
  const box = createSecretBox(Buffer.from(hkdfSync('sha256', secret, '', 'selfhostly sign-in flows v1', 32)))
  /** Used states with their expiry, in the order of use. */
  const taken = new Map<string, number>()

  function open<T>(sealed: string, shape: z.ZodType<T>, where: string): T | null {
    try {
      return shape.parse(JSON.parse(box.open(sealed, where)))
    } catch {
      return null
    }
  }

  function remember({ state, endsAt }: { state: string; endsAt: number }): void {
    const now = clock.now().getTime()
    for (const [old, end] of taken) {
      if (end > now && taken.size < mostTaken) break
      taken.delete(old)
    }
    taken.set(state, endsAt)
  }

  return {
    /** @returns the cookie value, and the flow */
    begin(provider: string, returnTo: string, invitation?: string): { id: string; flow: Flow } {
      const flow: Flow = { provider, verifier: random(), state: random(), nonce: random(), returnTo, invitation }
      return { id: box.seal(JSON.stringify({ ...flow, endsAt: clock.now().getTime() + flowMs }), context), flow }
    },

    /** Ends the flow. An answer works once. Null if the answer does not belong to this browser's flow. */
    take(id: string | undefined, answer: { provider: string; state: string | undefined }): Flow | null {
      const flow = id === undefined ? null : open(id, flowShape, context)
      if (!flow || taken.has(flow.state)) return null
      const { endsAt, ...rest } = flow
      if (endsAt <= clock.now().getTime() || flow.provider !== answer.provider || !sameSecret(flow.state, answer.state ?? '')) return null
      remember(flow)
      return rest
    },

    /**
     * Called when a person returns from the provider. A dashboard page then reads the code from its address and signs them in. A
     * session cookie set with the redirect would not be bound to anything that apps on the same host cannot see.
     *
     * @returns the cookie value, and the code
     */
    cameBack(userId: string): { id: string; code: string } {
      const code = random()
      return { id: box.seal(JSON.stringify({ userId, state: code, endsAt: clock.now().getTime() + finishMs }), finishContext), code }
    },

    /** The id of the user who returned in this browser, or null. Works once. */
    finish(id: string | undefined, code: string): string | null {
      const back = id === undefined ? null : open(id, finishShape, finishContext)
      if (!back || taken.has(back.state) || back.endsAt <= clock.now().getTime() || !sameSecret(back.state, code)) return null
      remember(back)
      return back.userId
    },

    /** How many used states are remembered. */
    size: (): number => taken.size,
  }
}

const random = (): string => randomBytes(32).toString('base64url')

/**
 * Where to go after sign-in: a path on this server, else `/`. A link to the sign-in page must not be able to redirect people to
 * another site. Browsers drop tabs and line breaks, read `\` as `/`, and read `//` as the start of a host name.
 */
export function localPath(wanted: string | undefined): string {
  if (!wanted || wanted.length > 2000 || !/^\/(?!\/)/.test(wanted) || /[\\\p{Cc}]/u.test(wanted)) return '/'
  const here = 'http://here.invalid'
  const url = URL.parse(wanted, here)
  if (url?.origin !== here) return '/'
  // `/..//elsewhere` looks local until its dots are resolved. Returning to /auth would start another sign-in.
  if (url.pathname.startsWith('//') || /^\/auth(\/|$)/.test(url.pathname)) return '/'
  return url.pathname + url.search + url.hash
}
