import { z } from 'zod'
import type { Clock } from '../../clock.ts'
import { bounds, cut } from '../../bounds.ts'
import { codeOf } from '../../errors.ts'
import type { NodeAbout } from '../members/node-about.ts'
import type { JoinOutcome } from './joiner.ts'
import type { EarlierFailure, JoinHop } from './join-hops.ts'
import { readLeniently } from '../../lenient.ts'
import { joinedWire, toWire } from '../../wire.ts'
import { clockSkewInWords } from './clock-skew.ts'
import { retryAfterMsOf } from '../transport/retry-after.ts'
import { stagedPost, StagedFailure, type StagedAnswer } from '../transport/staged-post.ts'

type Failure = Extract<JoinOutcome, { kind: 'failed' }>

/** Registering takes only a few small writes. Most of this time is for connecting over a bad network. */
const defaultDeadlineMs = 10_000

const refusal = z.object({
  code: z.string().max(100),
  detail: z.string(),
  fields: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
})

/** Asks the primary to register this node. Network failures do not throw: the outcome names the hop that failed. */
export function createJoinCall(deps: {
  primaryUrl: string
  token: string
  self: { id: string; name: string; apiEndpoint: string; apiKey: string }
  about: NodeAbout
  clock: Clock
  deadlineMs?: number
}) {
  const { primaryUrl, token, self, clock, deadlineMs = defaultDeadlineMs } = deps

  return async function join(earlier: EarlierFailure[]): Promise<JoinOutcome> {
    const { id, name, apiEndpoint, apiKey } = self
    const body = toWire({ token, id, name, apiEndpoint, apiKey, time: clock.now().toISOString(), about: deps.about, earlier })
    try {
      return understood(await stagedPost(`${primaryUrl}/api/join`, body, deadlineMs), clock.now())
    } catch (error) {
      if (error instanceof StagedFailure) return failed(error.stage, error.message)
      throw error
    }
  }
}

const failed = (hop: JoinHop, reason: string, more: { passing?: boolean; retryAfterMs?: number | undefined } = {}): Failure => ({
  ...{ kind: 'failed', hop, reason },
  passing: more.passing ?? true,
  retryAfterMs: more.retryAfterMs ?? null,
})

/** @param now this node's time when the answer arrived */
function understood(answer: StagedAnswer, now: Date): JoinOutcome {
  const joined = answer.status === 201 ? readLeniently(joinedWire, answer.json).value : null
  const skew = skewOf(answer, now)
  if (joined)
    return { kind: 'joined', name: joined.node.name, primary: joined.primary.name, notes: [...joined.notes, ...(skew ? [skew] : [])] }
  const outcome = refused(answer) ?? foreign(answer)
  // The primary itself refuses with `clock`. For other answers, the Date header shows the skew.
  return skew && outcome.hop !== 'clock' ? { ...outcome, reason: `${outcome.reason}. Also, ${skew}` } : outcome
}

/** A primary's refusal of a node; undefined for an answer that is not from Selfhostly. */
function refused(answer: StagedAnswer): Failure | undefined {
  const said = refusal.safeParse(answer.json).data
  if (!said) return undefined
  const code = codeOf(said.code, answer.status)
  const detail = cut(said.detail, bounds.join.failure)
  const { fields } = said
  const retryAfterMs = retryAfterMsOf(answer.headers)
  const isClock = fields?.some(({ field }) => field === 'time')
  if (isClock) return failed('clock', detail.replace(/^time: /, ''), { passing: false })
  if (code === 'UNAUTHENTICATED' || code === 'RATE_LIMITED') return failed('token', detail, { passing: false, retryAfterMs })
  if (code === 'CONFLICT' || code === 'INVALID_INPUT') return failed('name', detail, { passing: false })
  return failed('http', detail, { passing: answer.status >= 500, retryAfterMs })
}

/** An answer from a proxy, or from another program at that URL. */
function foreign(answer: StagedAnswer): Failure {
  const { status, headers } = answer
  const retryAfterMs = retryAfterMsOf(answer.headers)
  const who = headers.server ? ` (${headers.server.slice(0, 100)})` : ''
  if (status >= 300 && status < 400 && headers.location) {
    const to = headers.location.slice(0, 500)
    return failed('http', `answered ${status}${who}, a redirect to ${to}. Set PRIMARY_NODE_URL to the URL that it leads to`, {
      passing: false,
    })
  }
  const what = `answered ${status}${who}, which is not an answer from Selfhostly`
  if (status >= 500)
    return failed('http', `${what}: a proxy answered, but the primary behind it is down or still starting`, { retryAfterMs })
  if (status === 401 || status === 403)
    return failed('http', `${what}: a proxy requires a login. Let /api/join and /api/internal/ through without one`, { passing: false })
  return failed('http', `${what}. Is another program or an older version of Selfhostly there? Does a proxy block /api/join?`, {
    passing: false,
    retryAfterMs,
  })
}

function skewOf({ headers }: StagedAnswer, now: Date): string | null {
  const primary = new Date(headers.date ?? '')
  return Number.isNaN(primary.getTime()) ? null : clockSkewInWords({ node: now, primary })
}
