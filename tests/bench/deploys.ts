import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createApp, followToEnd } from '../helpers/cluster.ts'
import { ensureTestImage, removeProject, testImage, uniqueName } from '../helpers/docker.ts'
import { nodeProcess, type NodeProcess } from '../helpers/node-process.ts'
import { asTest, quantile, type BenchContext, type Figure } from './bench.ts'

const composeContent = `services:\n${['web', 'db', 'cache']
  .map((name) => `  ${name}: { image: ${testImage}, network_mode: none, stop_grace_period: 1s }\n`)
  .join('')}`

const run = promisify(execFile)

/** Deploys of an app with three services of a local image: Compose alone, and through the API, in alternating rounds of one run. */
export async function deploys(context: BenchContext): Promise<Figure[]> {
  await ensureTestImage()
  const t = asTest(context)
  const node = await nodeProcess(t)
  await node.start()
  const { id: nodeId } = await node.identity()
  const folder = context.folder()
  const compose = await run('docker', ['compose', 'version']).then(
    () => ['docker', 'compose'],
    () => ['docker-compose'],
  )
  const times = { alone: [] as number[], accepted: [] as number[], whole: [] as number[] }
  // The first round warms up both.
  const rounds = context.short ? 4 : 21
  for (let round = 0; round < rounds; round += 1) {
    const alone = await aloneMs(compose, join(folder, uniqueName()))
    const { accepted, whole } = await throughApiMs(context, node, nodeId)
    if (round === 0) continue
    times.alone.push(alone)
    times.accepted.push(accepted)
    times.whole.push(whole)
  }
  const overheads = times.whole.map((whole, index) => whole - (times.alone[index] ?? 0))
  const figure = (name: string, of: number[]): Figure => ({
    ...{ name, value: quantile(of, 0.5), unit: 'ms', note: `p95 ${Math.round(quantile(of, 0.95))} ms` },
  })
  return [
    figure(`${compose.join(' ')} up -d alone, median`, times.alone),
    figure('through the API, until it is accepted, median', times.accepted),
    figure('through the API, until Compose has ended, median', times.whole),
    figure('more than Compose alone, median', overheads),
  ]
}

async function aloneMs([command = '', ...words]: string[], folder: string): Promise<number> {
  const name = folder.slice(folder.lastIndexOf('/') + 1)
  mkdirSync(folder)
  writeFileSync(join(folder, 'compose.yaml'), composeContent)
  const startedAt = performance.now()
  await run(command, [...words, '--project-name', name, '--file', 'compose.yaml', 'up', '--detach'], { cwd: folder })
  const took = performance.now() - startedAt
  await removeProject(name)
  return took
}

async function throughApiMs(context: BenchContext, node: NodeProcess, nodeId: string): Promise<{ accepted: number; whole: number }> {
  const name = uniqueName()
  const startedAt = performance.now()
  const { operation } = await createApp(node, nodeId, { name, composeContent })
  const accepted = performance.now() - startedAt
  // Without `rollback`, the operation ends when Compose has.
  const { last } = await followToEnd(asTest(context), node, operation)
  const whole = performance.now() - startedAt
  if (last.status !== 'SUCCEEDED') throw new Error(`the deploy ended as ${last.status}: ${last.error}`)
  await removeProject(name)
  return { accepted, whole }
}
