import { execFile, spawn } from 'node:child_process'
import { createWriteStream, statSync } from 'node:fs'
import { join } from 'node:path'
import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { request } from 'undici'
import { eventually, followNodes, register } from '../helpers/cluster.ts'
import { ensureTestImage, testImage, uniqueName } from '../helpers/docker.ts'
import { faultProxy, localWays } from '../helpers/fault-proxy.ts'
import { ask } from '../helpers/graphql.ts'
import { nodeProcess, type NodeProcess } from '../helpers/node-process.ts'
import { asTest, median, quantile, type BenchContext, type Figure } from './bench.ts'
import { cpuMsOf, residentMbOf } from './helpers/process-figures.ts'
import { logReader, type LogReader } from './helpers/log-reader.ts'

const run = promisify(execFile)
const lineBytes = 100
/** What the Engine keeps of the writers' logs, so that the disk stays free. */
const kept = ['--log-opt', 'max-size=50m', '--log-opt', 'max-file=3']

/** A container that writes lines of 100 bytes: as fast as it can, or so many bytes per second. */
async function writer(context: BenchContext, bytesPerSecond?: number): Promise<string> {
  const name = uniqueName()
  const line = 'x'.repeat(lineBytes - 1)
  const script =
    bytesPerSecond === undefined
      ? `exec yes ${line}`
      : `yes ${line} | head -c ${Math.round(bytesPerSecond / 10)} > /tmp/piece; while true; do cat /tmp/piece; sleep 0.1; done`
  await run('docker', ['run', '-d', '--init', '--network', 'none', '--name', name, ...kept, testImage, 'sh', '-c', script])
  context.own({ end: () => run('docker', ['rm', '-f', name]).then(() => undefined) })
  return name
}

/** Lines per second that `docker logs -f` writes into a file. */
async function dockerAlone(context: BenchContext, name: string, seconds: number): Promise<number> {
  const path = join(context.folder(), 'log')
  const child = spawn('docker', ['logs', '-f', '--tail', '0', name], { stdio: ['ignore', 'pipe', 'ignore'] })
  const written = pipeline(child.stdout, createWriteStream(path)).catch(() => undefined)
  await sleep(1000)
  const before = statSync(path).size
  await sleep(seconds * 1000)
  const lines = (statSync(path).size - before) / lineBytes / seconds
  child.kill('SIGKILL')
  await once(child, 'close')
  await written
  return lines
}

interface Cluster {
  primary: NodeProcess
  node: NodeProcess
  nodeId: string
}

async function cluster(context: BenchContext): Promise<Cluster> {
  const t = asTest(context)
  const primary = await nodeProcess(t, { NODE_NAME: 'primary', AUTH_ENABLED: 'false' })
  const linked = { NODE_CONNECTION: 'link', NODE_API_ENDPOINT: 'http://127.0.0.1:9' }
  const node = await nodeProcess(t, { NODE_NAME: 'worker', NODE_IS_PRIMARY: 'false', PRIMARY_NODE_URL: primary.url, ...linked })
  await Promise.all([primary.start(), node.start()])
  const nodes = followNodes(t, primary)
  const { id } = await register(primary, node, 'http://127.0.0.1:9')
  await nodes.first((seen) => seen.id === id && seen.status === 'ONLINE')
  return { primary, node, nodeId: id }
}

const reader = (context: BenchContext, { nodeId }: Cluster, url: string, name: string): LogReader => {
  const opened = logReader(url, nodeId, name)
  context.own({ end: async () => opened.close() })
  return opened
}

/** Lines per second that a subscriber at the primary gets of a container on the linked node, and those that it is told were skipped. */
async function throughCluster(context: BenchContext, them: Cluster, name: string, seconds: number) {
  const log = reader(context, them, them.primary.url, name)
  const askedAt = performance.now()
  await log.begun
  await eventually(
    async () => log.lines(),
    (count) => count > 0,
    60_000,
  )
  const firstMs = performance.now() - askedAt
  await sleep(1000)
  const [lines, skipped, cpu] = [log.lines(), log.skipped(), [them.node, them.primary].map((each) => cpuMsOf(each.pid()))]
  await sleep(seconds * 1000)
  const share = [them.node, them.primary].map((each, index) => (cpuMsOf(each.pid()) - (cpu[index] ?? 0)) / seconds / 10)
  const result = { lines: (log.lines() - lines) / seconds, skipped: (log.skipped() - skipped) / seconds, share, firstMs }
  log.close()
  return result
}

/** How late heartbeats of the node are answered: from when each was due. */
async function heartbeatLateness({ primary, nodeId, node }: Cluster, seconds: number): Promise<number[]> {
  const { key } = await node.identity()
  const late: number[] = []
  // More often than in life, so that the figures mean something, and no more often than a node may call.
  const everyMs = 250
  const startedAt = performance.now()
  await Promise.all(
    Array.from({ length: (seconds * 1000) / everyMs }, async (_, index) => {
      const due = startedAt + index * everyMs
      await sleep(Math.max(0, due - performance.now()))
      const headers = { 'X-Node-ID': nodeId, 'X-Node-API-Key': key }
      const { body, statusCode } = await request(`${primary.url}/api/internal/nodes/${nodeId}/heartbeat`, { method: 'POST', headers })
      await body.dump()
      if (statusCode !== 200) throw new Error(`a heartbeat was answered with ${statusCode}`)
      late.push(performance.now() - due)
    }),
  )
  return late
}

/** Round trips of health checks over the link, which carry the logs too. */
async function linkRoundTrips({ primary, nodeId }: Cluster, count: number): Promise<number[]> {
  const times: number[] = []
  for (let index = 0; index < count; index++) {
    const query = 'mutation ($id: ID!) { checkNode(id: $id) { ok durationMs } }'
    const { checkNode } = await ask<{ checkNode: { ok: boolean; durationMs: number } }>(primary, query, { id: nodeId })
    if (checkNode.ok) times.push(checkNode.durationMs)
    await sleep(100)
  }
  return times
}

/** Logs from a container on a linked node to subscribers of the primary, beside what Docker does alone. */
export async function logs(context: BenchContext): Promise<Figure[]> {
  await ensureTestImage()
  const them = await cluster(context)
  return [...(await throughput(context, them)), ...(await steady(context, them)), ...(await tenStreams(context, them))]
}

/** Docker alone and through the cluster, in alternating rounds of one run. */
async function throughput(context: BenchContext, them: Cluster): Promise<Figure[]> {
  const [rounds, seconds] = context.short ? [1, 3] : [5, 8]
  const name = await writer(context)
  const alone: number[] = []
  const through: Awaited<ReturnType<typeof throughCluster>>[] = []
  for (let round = 0; round < rounds; round++) {
    alone.push(await dockerAlone(context, name, seconds))
    through.push(await throughCluster(context, them, name, seconds))
  }
  await run('docker', ['rm', '-f', name])
  const lines = through.map((each) => each.lines)
  const share = (index: number): string => median(through.map((each) => each.share[index] ?? 0)).toFixed(0)
  return [
    { name: 'docker logs -f into a file, lines', value: median(alone), unit: '/s' },
    {
      name: 'node, link, primary, subscriber: lines',
      value: median(lines),
      unit: '/s',
      note: `CPU: node ${share(0)} %, primary ${share(1)} %`,
    },
    { name: 'until the first line', value: median(through.map((each) => each.firstMs)), unit: 'ms' },
    { name: 'skipped, and said so: lines', value: median(through.map((each) => each.skipped)), unit: '/s' },
    { name: 'subscriber / docker logs -f', value: median(lines.map((each, index) => each / (alone[index] ?? 1))), unit: 'x' },
  ]
}

/** Memory over a minute at 50 MB/s, with one quick viewer and one on a slow line. */
async function steady(context: BenchContext, them: Cluster): Promise<Figure[]> {
  const seconds = context.short ? 6 : 60
  const name = await writer(context, 50e6)
  const line = await faultProxy(asTest(context), localWays(them.primary.port))
  const quick = reader(context, them, them.primary.url, name)
  const phone = reader(context, them, `http://127.0.0.1:${line.port}`, name)
  await Promise.all([quick.begun, phone.begun])
  line.throttle(32 * 1024)
  const memory: { node: number; primary: number }[] = []
  for (let second = 0; second < seconds; second++) {
    await sleep(1000)
    memory.push({ node: residentMbOf(them.node.pid()), primary: residentMbOf(them.primary.pid()) })
  }
  const part = Math.max(2, seconds / 6)
  const figures = (['primary', 'node'] as const).map((each): Figure => {
    const values = memory.map((sample) => sample[each])
    const start = median(values.slice(part, 2 * part))
    const note = `${start.toFixed(0)} MB in the second sixth of ${seconds} s, at most ${Math.max(...values).toFixed(0)} MB`
    return { name: `50 MB/s for ${seconds} s: memory of the ${each} at the end`, value: median(values.slice(-part)), unit: 'MB', note }
  })
  const told = `of ${phone.lines() + phone.skipped()} lines, the others were skipped and said so`
  const slow: Figure = { name: 'a viewer at 32 KiB/s meanwhile: lines', value: phone.lines() / seconds, unit: '/s', note: told }
  quick.close()
  phone.close()
  await run('docker', ['rm', '-f', name])
  return [...figures, slow]
}

/** Heartbeats and calls over the same link, without logs and while ten are followed. */
async function tenStreams(context: BenchContext, them: Cluster): Promise<Figure[]> {
  const seconds = context.short ? 4 : 20
  const calm = { late: await heartbeatLateness(them, seconds), trips: await linkRoundTrips(them, seconds * 2) }
  const names = await Promise.all(Array.from({ length: 10 }, () => writer(context, 5e6)))
  const writing = await heartbeatLateness(them, seconds)
  const readers = names.map((name) => reader(context, them, them.primary.url, name))
  await Promise.all(readers.map(({ begun }) => begun))
  const busy = { late: await heartbeatLateness(them, seconds), trips: await linkRoundTrips(them, seconds * 2) }
  const lines = readers.reduce((sum, each) => sum + each.lines(), 0)
  readers.forEach((each) => each.close())
  const figure = (name: string, of: number[], note = ''): Figure => ({
    ...{ name, value: median(of), unit: 'ms', note: `p99 ${quantile(of, 0.99).toFixed(0)} ms${note}` },
  })
  return [
    figure('heartbeat until it is answered, without logs', calm.late),
    figure('heartbeat, ten containers write 5 MB/s each', writing),
    figure('heartbeat, and all ten are followed', busy.late, `, ${lines} lines`),
    figure('health check over the link, without logs', calm.trips),
    figure('health check over the link, ten logs followed', busy.trips),
  ]
}
