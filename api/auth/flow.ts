import { hkdfSync, randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { sameSecret } from './node-credentials.ts'
import { createSecretBox } from './secret-box.ts'

/** Long enough to find one's second factor, short enough that a link from yesterday signs nobody in. */
export const flowMs = 10 * 60 * 1000

/** Bounds memory: each is the end of a sign-in, for which a provider's answer was asked. The oldest are forgotten first. */
const mostTaken = 10_000

/** A sign-in between the click here and the return from the provider. */
export interface Flow {
  provider: string
  /** PKCE: proves at the token endpoint that the code comes back to who asked for it. */
  verifier: string
  /** Comes back beside the code: proves that the answer belongs to this browser's question. */
  state: string
  /** OpenID Connect: comes back inside the id token. */
  nonce: string
  /** A local path. */
  returnTo: string
}

export type Flows = ReturnType<typeof createFlows>

/** From the return of a person to the page of the dashboard that finishes the sign-in: one page load. */
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
  endsAt: z.number(),
})

/**
 * Sign-ins under way. Each is kept by the browser that began it, sealed in its cookie: anybody may begin, so what was kept here
 * strangers could fill, or push out the sign-ins of others.
 */
export function createFlows({ clock, secret }: { clock: Clock; secret: string }) {
  const box = createSecretBox(Buffer.from(hkdfSync('sha256', secret, '', 'selfhostly sign-in flows v1', 32)))
  /** The states that were taken, and until when they would be good: in the order in which they were taken. */
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
    /** @returns what the browser keeps, and the flow */
    begin(provider: string, returnTo: string): { id: string; flow: Flow } {
      const flow: Flow = { provider, verifier: random(), state: random(), nonce: random(), returnTo }
      return { id: box.seal(JSON.stringify({ ...flow, endsAt: clock.now().getTime() + flowMs }), context), flow }
    },

    /** Ends the flow, whatever comes of it: an answer is taken once. Null when this answer belongs to no flow of this browser. */
    take(id: string | undefined, answer: { provider: string; state: string | undefined }): Flow | null {
      const flow = id === undefined ? null : open(id, flowShape, context)
      if (!flow || taken.has(flow.state)) return null
      const { endsAt, ...rest } = flow
      if (endsAt <= clock.now().getTime() || flow.provider !== answer.provider || !sameSecret(flow.state, answer.state ?? '')) return null
      remember(flow)
      return rest
    },

    /**
     * Who has come back is signed in by a page of the dashboard, which alone reads the code from its address: a session that came
     * with the redirect would be bound to nothing that the apps on this host do not see too.
     *
     * @returns what the browser keeps, and the code
     */
    cameBack(userId: string): { id: string; code: string } {
      const code = random()
      return { id: box.seal(JSON.stringify({ userId, state: code, endsAt: clock.now().getTime() + finishMs }), finishContext), code }
    },

    /** The id of the user who came back in this browser; null for none. Good once. */
    finish(id: string | undefined, code: string): string | null {
      const back = id === undefined ? null : open(id, finishShape, finishContext)
      if (!back || taken.has(back.state) || back.endsAt <= clock.now().getTime() || !sameSecret(back.state, code)) return null
      remember(back)
      return back.userId
    },

    /** How many are remembered as taken. */
    size: (): number => taken.size,
  }
}

const random = (): string => randomBytes(32).toString('base64url')

/**
 * Where to go after signing in: a path of this server, else `/`. Whoever writes a link to the sign-in page must not be
 * able to send people on to another site. A browser drops tabs and line breaks, reads `\` as `/`, and `//` as another host.
 */
export function localPath(wanted: string | undefined): string {
  if (!wanted || wanted.length > 2000 || !/^\/(?!\/)/.test(wanted) || /[\\\p{Cc}]/u.test(wanted)) return '/'
  const here = 'http://here.invalid'
  const url = URL.parse(wanted, here)
  if (url?.origin !== here) return '/'
  // `/..//elsewhere` is local until its dots are resolved. Back to /auth would begin another sign-in.
  if (url.pathname.startsWith('//') || /^\/auth(\/|$)/.test(url.pathname)) return '/'
  return url.pathname + url.search + url.hash
}
