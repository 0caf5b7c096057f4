import { median, type BenchContext, type Figure } from './bench.ts'
import type { BadNodesApi, BadWay } from './helpers/bad-nodes.ts'
import type { LoadApi, LoadRequest, LoadResult } from './helpers/load-client.ts'
import { makeNodes, startNodes, type ReachableNode } from './helpers/nodes.ts'
import { folderWith, startPrimary } from './helpers/primary.ts'
import { residentMbOf } from './helpers/process-figures.ts'
import { untilAppsAreKnown } from './helpers/queries.ts'
import { startWorker, type Worker } from './helpers/worker.ts'

const count = 30
const badCount = 9
const nowhere = 'http://127.0.0.1:9'
const ways: [way: BadWay, over: 'plain HTTP' | 'links'][] = [
  ['hung', 'plain HTTP'],
  ['slow', 'plain HTTP'],
  ['babbling', 'plain HTTP'],
  ['babbling', 'links'],
  ['gigantic', 'plain HTTP'],
  ['gigantic', 'links'],
  ['lying', 'plain HTTP'],
  ['flooding', 'links'],
]

interface Side {
  origin: string
  pid: number
}

/** Compares 30 nodes of which 9 misbehave with 30 healthy ones: two primaries in one run, in alternating rounds. */
export async function isolation(context: BenchContext): Promise<Figure[]> {
  const client = context.own(startWorker<LoadApi>(new URL('./helpers/load-client.ts', import.meta.url)))
  const { nodes } = await startNodes(context, makeNodes(count), { appsPerNode: 2, statsEveryMs: 5000 })
  const healthy = await startSide(context, nodes, count)
  const figures: Figure[] = []
  for (const [way, over] of ways) {
    const bad = context.own(startWorker<BadNodesApi>(new URL('./helpers/bad-nodes.ts', import.meta.url)))
    const { nodes: good } = await startNodes(context, makeNodes(count).slice(badCount), { appsPerNode: 2, statsEveryMs: 5000 })
    const rotten = makeNodes(badCount)
    const endpoints = over === 'links' ? rotten.map(() => nowhere) : await bad.ask('listen', { nodes: rotten, way })
    const all = [...rotten.map((node, index) => ({ ...node, apiEndpoint: endpoints[index] ?? nowhere })), ...good]
    const side = await startSide(context, all, good.length)
    if (over === 'links') await bad.ask('link', { nodes: rotten, way, origin: side.origin })
    figures.push(...(await compare(context, client, `9 of 30 ${way} over ${over}`, healthy, side, nodes.at(-1)?.id ?? '')))
    await Promise.all([side.end(), bad.end()])
  }
  return figures
}

async function startSide(context: BenchContext, nodes: ReachableNode[], answering: number) {
  const primary = await startPrimary(context, await folderWith(context, nodes))
  await untilAppsAreKnown(primary.origin, answering * 2, { orMore: true })
  return primary
}

const post = (query: string): LoadRequest => ({
  method: 'POST',
  path: '/graphql',
  headers: { 'content-type': 'application/json', accept: 'application/json' },
  body: JSON.stringify({ query }),
})

async function compare(context: BenchContext, client: Worker<LoadApi>, name: string, healthy: Side, side: Side, nodeId: string) {
  const [rounds, durationMs] = context.short ? [2, 500] : [4, 2000]
  const questions: [what: string, request: LoadRequest, pauseMs: number][] = [
    ['nodes page', post('{ nodes(first: 50) { nodes { id name status statusReason lastSeen conditions { message } } totalCount } }'), 5],
    ['apps page', post('{ apps(first: 50) { nodes { id name status node { id name } containers { id state } } totalCount } }'), 5],
    // Rate limit: 120 times a minute per person.
    ['call to a healthy node', post(`mutation { checkNode(id: "${nodeId}") { ok error } }`), durationMs / 10],
  ]
  const figures: Figure[] = []
  for (const [what, request, pauseMs] of questions) {
    const ask = ({ origin }: Side): Promise<LoadResult> =>
      client.ask('run', { origin, requests: [request], connections: 1, durationMs, pauseMs })
    const pairs: [LoadResult, LoadResult][] = []
    for (let round = 0; round < rounds; round += 1) pairs.push([await ask(healthy), await ask(side)])
    const of = (key: 'p50Ms' | 'p99Ms', index: 0 | 1): number => median(pairs.map((pair) => pair[index][key]))
    const ratio = (key: 'p50Ms' | 'p99Ms'): number => median(pairs.map(([without, withBad]) => withBad[key] / without[key]))
    const p99 = `p99 ${of('p99Ms', 1).toFixed(1)} ms, without ${of('p99Ms', 0).toFixed(1)} ms, ${ratio('p99Ms').toFixed(2)} times`
    figures.push(
      { name: `${name}: ${what}, median`, value: of('p50Ms', 1), unit: 'ms', note: p99 },
      { name: `${name}: ${what}, median, with / without`, value: ratio('p50Ms'), unit: 'x' },
    )
  }
  return [
    ...figures,
    { name: `${name}: memory`, value: residentMbOf(side.pid), unit: 'MB', note: `without ${residentMbOf(healthy.pid).toFixed(0)} MB` },
  ]
}
