import { EnvHttpProxyAgent, request } from 'undici'
import type { Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import type { Proxies } from '../proxies.ts'
import { isReservedHost, lookupUnreserved } from '../reserved-addresses.ts'
import { RegistryError } from './registry-error.ts'

export interface RegistryAnswer {
  status: number
  header(name: string): string | null
  body: Buffer
}

export interface RegistryQuestion {
  method: 'GET' | 'HEAD'
  url: URL
  headers: Record<string, string>
  /** Sent to this origin only: never to where it redirects. */
  authorization: string | null
  mostBytes: number
}

/** For everything that belongs to one answer, redirects included. A registry that takes longer is asked again later. */
const answerWithinMs = 15_000
/** Blobs are one redirect away at most registries. */
const mostRedirects = 3
const redirects = new Set([301, 302, 303, 307, 308])

export type RegistryHttp = ReturnType<typeof createRegistryHttp>

/** Requests to registries, bounded in time and size. The host comes from a Compose file, so where it leads is bounded too. */
export function createRegistryHttp({ clock, userAgent, proxies }: { clock: Clock; userAgent: string; proxies: Proxies }) {
  const agent = new EnvHttpProxyAgent({
    ...proxies,
    connections: 4,
    connect: { timeout: 5000, lookup: lookupUnreserved('where no registry can be') },
    headersTimeout: answerWithinMs,
    bodyTimeout: answerWithinMs,
  })

  async function once({ method, url, headers, authorization, mostBytes }: RegistryQuestion, signal: AbortSignal) {
    if (isReservedHost(url.hostname)) throw new RegistryError('refused', `${url.hostname} is an address where no registry can be`)
    const answer = await request(url, {
      dispatcher: agent,
      method,
      headers: { 'user-agent': userAgent, ...headers, ...(authorization === null ? {} : { authorization }) },
      signal,
    })
    return { answer, body: await bounded(answer.body, mostBytes, url.host) }
  }

  return {
    /** @throws RegistryError `unreachable` without an answer, `unreadable` for one that is too long or leads nowhere */
    async ask(question: RegistryQuestion): Promise<RegistryAnswer> {
      const late = new AbortController()
      const cancel = clock.after(answerWithinMs, () => late.abort())
      try {
        let next = question
        for (let left = mostRedirects; ; left -= 1) {
          const { answer, body } = await once(next, late.signal)
          const location = textOf(answer.headers['location'])
          if (!redirects.has(answer.statusCode) || location === null)
            return { status: answer.statusCode, header: (name) => textOf(answer.headers[name]), body }
          if (left === 0) throw new RegistryError('unreadable', `${question.url.host} redirects more than ${mostRedirects} times`)
          next = redirected(next, location)
        }
      } catch (error) {
        if (error instanceof RegistryError) throw error
        const why = late.signal.aborted ? `no answer within ${answerWithinMs / 1000} s` : reasonOf(error)
        throw new RegistryError('unreachable', `${question.url.host} could not be reached: ${why}`, { cause: error })
      } finally {
        cancel()
      }
    },

    stop: (): Promise<void> => agent.destroy(),
  }
}

function redirected(from: RegistryQuestion, location: string): RegistryQuestion {
  const url = URL.parse(location, from.url)
  const isAllowed = url !== null && (url.protocol === 'https:' || (url.protocol === 'http:' && from.url.protocol === 'http:'))
  if (!isAllowed) throw new RegistryError('unreadable', `${from.url.host} redirects to an address that is not https`)
  return { ...from, url, authorization: url.origin === from.url.origin ? from.authorization : null }
}

async function bounded(body: AsyncIterable<Buffer>, most: number, host: string): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of body) {
    size += part.length
    if (size > most) throw new RegistryError('unreadable', `${host} answered with more than ${most / 1024} KiB`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

const textOf = (value: string | string[] | undefined): string | null => (Array.isArray(value) ? (value[0] ?? null) : (value ?? null))

/** Node reports the attempts at several addresses as one error without a message. */
function reasonOf(error: unknown): string {
  const inner = error instanceof AggregateError ? error.errors[0] : error
  return errorMessage(inner instanceof Error && inner.message === '' && inner.cause ? inner.cause : inner)
}
