import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { sameSecret } from './node-credentials.ts'

/** Long enough to find one's second factor, short enough that a link from yesterday signs nobody in. */
export const flowMs = 10 * 60 * 1000

/** Bounds memory, since anybody may begin: the oldest gives way, and its browser has to begin again. */
const mostUnderWay = 1000

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

/** Sign-ins under way. They stay here; the browser's cookie holds no more than an id. */
export function createFlows({ clock }: { clock: Clock }) {
  // In the order in which they began.
  const flows = new Map<string, Flow & { endsAt: number }>()

  function makeRoom(): void {
    const now = clock.now().getTime()
    for (const [id, { endsAt }] of flows) {
      if (endsAt > now && flows.size < mostUnderWay) return
      flows.delete(id)
    }
  }

  return {
    begin(provider: string, returnTo: string): { id: string; flow: Flow } {
      makeRoom()
      const flow: Flow = { provider, verifier: random(), state: random(), nonce: random(), returnTo }
      const id = random()
      flows.set(id, { ...flow, endsAt: clock.now().getTime() + flowMs })
      return { id, flow }
    },

    /** Ends the flow, whatever comes of it: an answer is taken once. Null when this answer belongs to no flow of this browser. */
    take(id: string | undefined, answer: { provider: string; state: string | undefined }): Flow | null {
      const flow = id === undefined ? undefined : flows.get(id)
      if (id === undefined || !flow) return null
      flows.delete(id)
      if (flow.endsAt <= clock.now().getTime() || flow.provider !== answer.provider) return null
      return sameSecret(flow.state, answer.state ?? '') ? flow : null
    },

    size: (): number => flows.size,
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
