import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import { quantile } from '../bench.ts'
import { answer } from './worker.ts'

// The client for every load, the same for the program and for its baseline.

export interface LoadRequest {
  method: 'GET' | 'POST'
  path: string
  headers: Record<string, string>
  body?: string
}

export interface Load {
  origin: string
  /** Sent in rotation on whichever connection is free. */
  requests: LoadRequest[]
  connections: number
  durationMs: number
  /** Pause between an answer and the next request on the same connection. */
  pauseMs?: number
}

export interface LoadResult {
  requests: number
  perSecond: number
  p50Ms: number
  p95Ms: number
  p99Ms: number
  /** Length of the last answer. */
  answerBytes: number
}

async function run({ origin, requests, connections, durationMs, pauseMs = 0 }: Load): Promise<LoadResult> {
  const pool = new Pool(origin, { connections, pipelining: 1 })
  const times: number[] = []
  const started = performance.now()
  const until = started + durationMs

  let turn = 0
  let answerBytes = 0

  async function sendAgainAndAgain(): Promise<void> {
    while (performance.now() < until) {
      const request = requests[turn++ % requests.length]
      if (!request) return
      const sent = performance.now()
      const { statusCode, body } = await pool.request(request)
      const text = await body.text()
      if (statusCode !== 200) throw new Error(`${request.path} answered ${statusCode}: ${text}`)
      times.push(performance.now() - sent)
      answerBytes = Buffer.byteLength(text)
      if (pauseMs > 0) await sleep(pauseMs)
    }
  }

  await Promise.all(Array.from({ length: connections }, sendAgainAndAgain))
  const seconds = (performance.now() - started) / 1000
  await pool.close()
  const [p50Ms, p95Ms, p99Ms] = [quantile(times, 0.5), quantile(times, 0.95), quantile(times, 0.99)]
  return { requests: times.length, perSecond: times.length / seconds, p50Ms, p95Ms, p99Ms, answerBytes }
}

/** Sends a request a number of times, as fast as `connections` allow. */
async function send({ origin, requests, connections, count }: Omit<Load, 'durationMs'> & { count: number }): Promise<void> {
  const pool = new Pool(origin, { connections, pipelining: 1 })
  let left = count
  const worker = async (request: LoadRequest): Promise<void> => {
    while (left-- > 0) await (await pool.request(request)).body.dump()
  }
  const senders = Array.from({ length: connections }, (_, index) => requests[index % requests.length]).filter(
    (request) => request !== undefined,
  )
  await Promise.all(senders.map(worker))
  await pool.close()
}

const handlers = { run, send }

answer(handlers)

export type LoadApi = typeof handlers
