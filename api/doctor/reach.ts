import { z } from 'zod'
import { errorMessage } from '../errors.ts'

const withinMs = 5_000
const mostRead = 4096
const health = z.object({ service: z.literal('selfhostly') })

/** What came back from another node's health route, which needs no credentials. */
export interface Reached {
  /** Null when a Selfhostly answered, else why not. */
  error: string | null
  tookMs: number
  /** How far its clock is ahead of this one. Null if it did not say. Not exact to a second. */
  aheadMs: number | null
}

/** Asks a node whether it is there. */
export async function reach(url: string, now: () => number = Date.now): Promise<Reached> {
  const began = now()
  try {
    const answer = await fetch(`${url}/api/health`, { signal: AbortSignal.timeout(withinMs), redirect: 'manual' })
    const [ended, said] = [now(), Date.parse(answer.headers.get('date') ?? '')]
    const tookMs = ended - began
    // The header has whole seconds, cut off.
    const aheadMs = Number.isNaN(said) ? null : said + 500 - (began + tookMs / 2)
    const isOurs = answer.ok && isHealth(await beginningOf(answer))
    return { error: isOurs ? null : `something else answers there (status ${answer.status})`, tookMs, aheadMs }
  } catch (error) {
    return { error: inWords(error), tookMs: now() - began, aheadMs: null }
  }
}

/** Whatever answers there may never stop. */
async function beginningOf({ body }: Response): Promise<string> {
  let text = ''
  for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk
    if (text.length > mostRead) break
  }
  return text
}

function isHealth(text: string): boolean {
  try {
    return health.safeParse(JSON.parse(text)).success
  } catch {
    return false
  }
}

const words: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'its host name is not known',
  EHOSTUNREACH: 'there is no way to that host',
  ECONNRESET: 'the connection was cut',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
}

function inWords(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${withinMs / 1000} s`
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  return words[code] ?? errorMessage(cause)
}
