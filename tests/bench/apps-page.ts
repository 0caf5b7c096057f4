import { dashboardDocuments } from '../helpers/dashboard-documents.ts'
import { median, type BenchContext, type Figure } from './bench.ts'
import type { LoadApi, LoadResult } from './helpers/load-client.ts'
import { makeNodes, startNodes, type SimulatedNode } from './helpers/nodes.ts'
import { folderWith, sendHeartbeats, startPrimary } from './helpers/primary.ts'
import { query, untilAppsAreKnown } from './helpers/queries.ts'
import { startWorker } from './helpers/worker.ts'

const appsPerNode = 10
const holes = 0.3
/** The dashboard reads the whole list in pages of this size, and a person looks at 50 apps at a time. */
const pageSizes = [50, 500]

/** The list of apps with every node answering, and with black holes among them: two primaries in one run, in alternating rounds. */
export async function appsPage(context: BenchContext): Promise<Figure[]> {
  const count = context.short ? 30 : 300
  const [rounds, durationMs] = context.short ? [2, 500] : [5, 3000]
  const client = context.own(startWorker<LoadApi>(new URL('./helpers/load-client.ts', import.meta.url)))
  const healthy = await startSide(context, makeNodes(count), 0)
  const holed = await startSide(context, makeNodes(count), count * holes)
  const figures: Figure[] = []
  const document = dashboardDocuments().find(({ name }) => name === 'Apps')?.text
  for (const first of pageSizes) {
    const body = JSON.stringify({ query: document, variables: { first } })
    const headers = { 'content-type': 'application/json', accept: 'application/json' }
    const ask = (origin: string): Promise<LoadResult> =>
      client.ask('run', { origin, requests: [{ method: 'POST', path: '/graphql', headers, body }], connections: 1, durationMs, pauseMs: 5 })
    const pairs: [LoadResult, LoadResult][] = []
    for (let round = 0; round < rounds; round += 1) pairs.push([await ask(healthy), await ask(holed)])
    figures.push(...figuresOf(`page of ${first} of ${count * appsPerNode} apps`, pairs))
  }
  return figures
}

/** A primary that knows every app. Then some of its nodes become black holes, and it notices. */
async function startSide(context: BenchContext, all: SimulatedNode[], holeCount: number): Promise<string> {
  const options = { appsPerNode, statsEveryMs: 5000 }
  const lost = await startNodes(context, all.slice(0, holeCount), options)
  const { nodes } = await startNodes(context, all.slice(holeCount), options)
  const every = [...lost.nodes, ...nodes]
  const { origin } = await startPrimary(context, await folderWith(context, every))
  await sendHeartbeats(origin, every)
  await untilAppsAreKnown(origin, all.length * appsPerNode, { withinMs: 120_000 })
  if (holeCount > 0) lost.freeze()
  await untilLost(origin, holeCount)
  return origin
}

async function untilLost(origin: string, count: number): Promise<void> {
  const lost = '{ nodes(first: 1, filter: { status: [OFFLINE, UNREACHABLE] }) { totalCount } }'
  while ((await query<{ nodes: { totalCount: number } }>(origin, lost)).nodes.totalCount < count) await new Promise(setImmediate)
}

function figuresOf(name: string, pairs: [LoadResult, LoadResult][]): Figure[] {
  const of = (key: 'p50Ms' | 'p95Ms', index: 0 | 1): number => median(pairs.map((pair) => pair[index][key]))
  const ratio = (key: 'p50Ms' | 'p95Ms'): number => median(pairs.map(([without, withHoles]) => withHoles[key] / without[key]))
  const kib = (pairs[0]?.[0].answerBytes ?? 0) / 1024
  return [
    { name: `${name}, median`, value: of('p50Ms', 0), unit: 'ms', note: `p95 ${of('p95Ms', 0).toFixed(1)} ms, ${kib.toFixed(0)} KiB` },
    { name: `${name}, 30 % black holes, median`, value: of('p50Ms', 1), unit: 'ms', note: `p95 ${of('p95Ms', 1).toFixed(1)} ms` },
    { name: `${name}, with black holes / without`, value: ratio('p50Ms'), unit: 'x', note: `p95 ${ratio('p95Ms').toFixed(2)} times` },
  ]
}
