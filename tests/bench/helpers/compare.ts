import { request } from 'undici'
import { median, type BenchContext, type Figure } from '../bench.ts'
import type { BareServerApi } from './bare-server.ts'
import type { LoadApi, LoadRequest, LoadResult } from './load-client.ts'
import { cpuMsOf } from './process-figures.ts'
import { startWorker, type Worker } from './worker.ts'

/** Headers that Node writes itself. */
const ownHeaders = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding'])

interface Target {
  origin: string
  pid: number
}

type Round = LoadResult & { cpuMsPerRequest: number }

async function measure(client: Worker<LoadApi>, { origin, pid }: Target, load: Load, durationMs: number): Promise<Round> {
  const before = cpuMsOf(pid)
  const result = await client.ask('run', { origin, ...load, durationMs })
  return { ...result, cpuMsPerRequest: (cpuMsOf(pid) - before) / result.requests }
}

interface Load {
  requests: LoadRequest[]
  connections: number
}

/** A bare node:http server that gives `origin`'s answer to this request. */
async function startBareServer(context: BenchContext, origin: string, { path, ...options }: LoadRequest): Promise<Target> {
  const response = await request(origin + path, options)
  const body = await response.body.text()
  const headers: Record<string, string> = { 'content-length': String(Buffer.byteLength(body)) }
  for (const [name, value] of Object.entries(response.headers)) if (!ownHeaders.has(name) && value) headers[name] = String(value)
  const bare = context.own(startWorker<BareServerApi>(new URL('./bare-server.ts', import.meta.url)))
  return { pid: bare.pid, origin: await bare.ask('listen', { headers, body }) }
}

/**
 * Requests per second of the program, compared with a bare server that gives the same answer: alternating rounds
 * with the same client, medians of the rounds. CPU time per request is reliable even when other processes share
 * the cores, and shows whether the server or the client was the bottleneck.
 */
export async function compareWithBareServer(context: BenchContext, name: string, target: Target, load: Load): Promise<Figure[]> {
  const [first] = load.requests
  if (!first) throw new Error('There is nothing to send')
  const client = context.own(startWorker<LoadApi>(new URL('./load-client.ts', import.meta.url)))
  const bare = await startBareServer(context, target.origin, first)
  const [rounds, durationMs] = context.short ? [2, 300] : [7, 2000]
  // Warm up both before measuring.
  for (const each of [target, bare]) await measure(client, each, load, durationMs)
  const ours: Round[] = []
  const theirs: Round[] = []
  for (let round = 0; round < rounds; round += 1) {
    ours.push(await measure(client, target, load, durationMs))
    theirs.push(await measure(client, bare, load, durationMs))
  }
  const of = (from: Round[], key: keyof Round): number => median(from.map((round) => round[key]))
  const ratios = ours.map((round, index) => round.perSecond / (theirs[index]?.perSecond ?? Number.NaN))
  return [
    { name: `${name}: program`, value: of(ours, 'perSecond'), unit: '/s', note: `p99 ${of(ours, 'p99Ms').toFixed(2)} ms` },
    { name: `${name}: bare server`, value: of(theirs, 'perSecond'), unit: '/s', note: `p99 ${of(theirs, 'p99Ms').toFixed(2)} ms` },
    { name: `${name}: program / bare server`, value: median(ratios), unit: 'x' },
    { name: `${name}: CPU time of the program`, value: of(ours, 'cpuMsPerRequest'), unit: 'ms', note: 'per request' },
    { name: `${name}: CPU time, program / bare server`, value: of(ours, 'cpuMsPerRequest') / of(theirs, 'cpuMsPerRequest'), unit: 'x' },
  ]
}
