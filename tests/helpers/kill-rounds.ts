import { setTimeout as wait } from 'node:timers/promises'
import Docker from 'dockerode'
import { allApps, allOperations, eventually, type SeenApp } from './cluster.ts'
import { markedProcesses, watchCompose } from './compose-processes.ts'
import { pushRunnable, startRegistry } from './docker-registry.ts'
import { removeProject, testImage, uniqueName } from './docker.ts'
import { ask } from './graphql.ts'
import { nodeProcess, type NodeProcess } from './node-process.ts'
import type { TestContext } from './test-context.ts'

const docker = new Docker()
const isOver = ({ status }: { status: string }): boolean => status !== 'QUEUED' && status !== 'RUNNING'

/** A service whose image has updates, and another one. Their health checks pass at once, and so does the gate. */
function composeOf(image: string, label: string): string {
  const more = `labels: { round: '${label}' }, stop_grace_period: 1s, network_mode: none, healthcheck: { test: [CMD, 'true'], interval: 1s }`
  return `services:\n  web: { image: "${image}", ${more} }\n  worker: { image: ${testImage}, ${more} }\n`
}

/** The app as it is between two rounds; undefined while there is none. */
interface Known {
  app: SeenApp
  version: number
  /** Versions to go back to. */
  targets: number[]
}

interface World {
  node: NodeProcess
  nodeId: string
  name: string
  image: string
  random: () => number
}

/** For each kind of operation the mutation, or null when it is not possible now. */
const kinds: Record<string, (known: Known | undefined, round: number, world: World) => string | null> = {
  createApp: (known, round, { nodeId, name, image }) =>
    known
      ? null
      : `createApp(nodeId: "${nodeId}", input: { name: "${name}", composeContent: ${JSON.stringify(composeOf(image, String(round)))} })`,
  updateApp: (known, round, { image, random }) =>
    known
      ? `updateApp(id: "${known.app.id}", input: { composeContent: ${JSON.stringify(composeOf(image, String(round)))}, rollback: ${random() < 0.3} })`
      : null,
  startApp: (known, _round, { random }) => (known ? `startApp(id: "${known.app.id}", rollback: ${random() < 0.3})` : null),
  stopApp: (known) => (known ? `stopApp(id: "${known.app.id}")` : null),
  restartApp: (known) => (known?.app.desiredState === 'RUNNING' ? `restartApp(id: "${known.app.id}")` : null),
  rollbackApp(known, _round, { random }) {
    const target = known?.targets[Math.floor(random() * known.targets.length)]
    return target === undefined ? null : `rollbackApp(id: "${known?.app.id}", version: ${target})`
  },
  updateImages: (known) => (known ? `updateImages(id: "${known.app.id}")` : null),
  removeApp: (known) => (known ? `removeApp(id: "${known.app.id}")` : null),
}

/**
 * Kills a node at random moments of random operations, starts it again and checks each time: every accepted operation has succeeded
 * and ended once, no two changed the app at once, no Compose process is left, and what the node says about the app is what Docker says.
 *
 * @returns per round the operation and the time from the start to its end
 */
export async function killRounds(t: TestContext, { rounds, random }: { rounds: number; random: () => number }) {
  const node = await nodeProcess(t)
  await node.start()
  const { id: nodeId } = await node.identity()
  const name = uniqueName()
  t.teardown(() => removeProject(name))
  const image = `${await startRegistry(t)}/${name}:1`
  await pushRunnable(t, image, 'a')
  const world: World = { node, nodeId, name, image, random }
  const done: { action: string; killedAfterMs: number; tookMs: number }[] = []
  const counts = new Map<string, number>()
  let known: Known | undefined

  for (let round = 1; round <= rounds; round += 1) {
    const possible = Object.keys(kinds).filter((kind) => kinds[kind]?.(known, round, world))
    // Those that came up least, so that every kind gets its share.
    const least = Math.min(...possible.map((kind) => counts.get(kind) ?? 0))
    const rarest = possible.filter((kind) => (counts.get(kind) ?? 0) === least)
    const action = rarest[Math.floor(random() * rarest.length)] ?? 'createApp'
    counts.set(action, (counts.get(action) ?? 0) + 1)
    if (action === 'updateImages') await pushRunnable(t, image, `round-${round}`)
    const killedAfterMs = Math.floor(random() * random() * 4000)
    const watch = watchCompose(nodeId)
    try {
      await ask(node, `mutation { ${kinds[action]?.(known, round, world)} { operation { id } } }`)
      await wait(killedAfterMs)
      await node.kill()
      const startedAt = performance.now()
      await node.start()
      await ends(node)
      done.push({ action, killedAfterMs, tookMs: Math.round(performance.now() - startedAt) })
      known = await checked(world, action === 'removeApp')
    } catch (error) {
      throw new Error(`round ${round}, ${action}, killed after ${killedAfterMs} ms`, { cause: error })
    } finally {
      await watch.end()
    }
  }
  return done
}

async function ends(node: NodeProcess): Promise<void> {
  const all = await eventually(
    () => allOperations(node),
    (list) => list.every(isOver),
    180_000,
  )
  const failed = all.filter(({ status }) => status !== 'SUCCEEDED')
  if (failed.length > 0) throw new Error(`not all succeeded: ${JSON.stringify(failed)}`)
  const ended = node.log.values.filter(({ msg }) => msg === 'operation finished').map(({ operation }) => operation)
  const twice = ended.filter((id, index) => ended.indexOf(id) !== index)
  if (twice.length > 0) throw new Error(`these ended more than once: ${twice.join(', ')}`)
}

interface SeenInFull extends SeenApp {
  composeContent: string
  version: number
  versions: { nodes: { number: number; outcome: string }[] }
}

/** What the node says now, after comparing it with Docker. */
async function checked({ node, nodeId, name }: World, isRemoved: boolean): Promise<Known | undefined> {
  const left = markedProcesses(nodeId)
  if (left.length > 0) throw new Error(`Compose processes are left: ${left.map(({ command }) => command).join('; ')}`)
  const label = [`com.docker.compose.project=${name}`]
  const real = await docker.listContainers({ all: true, filters: { label } })
  if (isRemoved) {
    const apps = await allApps(node)
    const { length: networks } = await docker.listNetworks({ filters: { label } })
    if (apps.length + real.length + networks > 0)
      throw new Error(`after the removal there are ${apps.length} apps, ${real.length} containers, ${networks} networks`)
    return undefined
  }
  // Docker is first read some moments after a start.
  await eventually(
    () => allApps(node),
    ([app]) => app !== undefined && app.status !== 'UNKNOWN',
    60_000,
  )
  const [first] = await allApps(node)
  const query = `{ app(id: "${first?.id}") { id name status desiredState version composeContent containers { id state service } versions { nodes { number outcome } } } }`
  const { app } = await ask<{ app: SeenInFull }>(node, query)
  const said = app.containers.map(({ id, state }) => `${id} ${state.toLowerCase()}`).toSorted()
  const is = real.map(({ Id, State }) => `${Id} ${State}`).toSorted()
  if (said.join() !== is.join()) throw new Error(`the node says ${said.join()}, but Docker ${is.join()}`)
  const wanted = app.desiredState === 'RUNNING' ? 'RUNNING' : 'STOPPED'
  if (app.status !== wanted) throw new Error(`the app should be ${wanted}, but is ${app.status}`)
  if (wanted === 'RUNNING') {
    const [, round] = /round: '(\d+)'/.exec(app.composeContent) ?? []
    const others = real.filter(({ Labels }) => Labels['round'] !== round).map(({ Names }) => Names[0])
    if (real.length !== 2 || others.length > 0)
      throw new Error(`version ${app.version} is current, but ${others.join()} of ${real.length} containers are of another`)
  }
  const targets = app.versions.nodes.filter(({ number, outcome }) => outcome !== 'PENDING' && number !== app.version)
  return { app, version: app.version, targets: targets.map(({ number }) => number) }
}

/** Random numbers that a seed repeats. */
export function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
