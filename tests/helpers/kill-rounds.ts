import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import Docker from 'dockerode'
import { markName } from '../../api/docker/leftovers.ts'
import { allApps, allOperations, createApp, eventually, type SeenApp } from './cluster.ts'
import { removeProject, testImage, uniqueName } from './docker.ts'
import { ask } from './graphql.ts'
import { nodeProcess } from './node-process.ts'
import type { TestContext } from './test-context.ts'

const docker = new Docker()
const isOver = ({ status }: { status: string }): boolean => status !== 'QUEUED' && status !== 'RUNNING'

const composeOf = (label: string): string =>
  `services:\n${['web', 'worker'].map((name) => `  ${name}: { image: ${testImage}, labels: { round: '${label}' }, stop_grace_period: 1s }\n`).join('')}`

/** How many processes carry a node's mark, each with the Compose arguments that it runs. */
export const markedProcesses = (nodeId: string): string[] =>
  readdirSync('/proc').flatMap((id) => {
    try {
      const isMarked = /^\d+$/.test(id) && readFileSync(`/proc/${id}/environ`, 'utf8').split('\0').includes(`${markName}=${nodeId}`)
      return isMarked ? readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' ') : []
    } catch {
      return []
    }
  })

const actions: Record<string, (app: string, round: number) => string> = {
  updateApp: (id, round) =>
    `updateApp(id: "${id}", input: { composeContent: ${JSON.stringify(composeOf(String(round)))}, rollback: false })`,
  startApp: (id) => `startApp(id: "${id}", rollback: false)`,
  stopApp: (id) => `stopApp(id: "${id}")`,
  restartApp: (id) => `restartApp(id: "${id}")`,
}

/**
 * Kills a node at random moments of random operations, starts it again and checks each time: every accepted operation has succeeded,
 * no Compose process is left, and what the node says about the app is what Docker says.
 *
 * @returns per round the operation and the time from the start to its end
 */
export async function killRounds(t: TestContext, { rounds, random }: { rounds: number; random: () => number }) {
  const node = await nodeProcess(t)
  await node.start()
  const { id: nodeId } = await node.identity()
  const name = uniqueName()
  t.teardown(() => removeProject(name))
  const done: { action: string; killedAfterMs: number; tookMs: number }[] = []
  let { app } = await createApp(node, nodeId, { name, composeContent: composeOf('0') })
  await ends()

  async function ends(): Promise<void> {
    const all = await eventually(
      () => allOperations(node),
      (list) => list.every(isOver),
      90_000,
    )
    const failed = all.filter(({ status }) => status !== 'SUCCEEDED')
    if (failed.length > 0) throw new Error(`not all succeeded: ${JSON.stringify(failed)}`)
  }

  async function isAsDockerSays(): Promise<SeenApp> {
    const left = markedProcesses(nodeId)
    if (left.length > 0) throw new Error(`Compose processes are left: ${left.join('; ')}`)
    const isSame = async (seen: SeenApp | undefined): Promise<boolean> => {
      const real = await docker.listContainers({ all: true, filters: { label: [`com.docker.compose.project=${name}`] } })
      const said = seen?.containers
        .map(({ id, state }) => `${id} ${state.toLowerCase()}`)
        .toSorted()
        .join()
      return (
        said ===
        real
          .map(({ Id, State }) => `${Id} ${State}`)
          .toSorted()
          .join()
      )
    }
    const [seen] = await eventually(
      () => allApps(node),
      // Docker is first read some moments after a start.
      ([known]) => known !== undefined && known.status !== 'UNKNOWN',
      60_000,
    )
    if (!(await isSame(seen))) throw new Error(`the node says ${JSON.stringify(seen?.containers)}, which is not what Docker says`)
    const isUp = seen?.desiredState === 'RUNNING'
    if (seen?.status !== (isUp ? 'RUNNING' : 'STOPPED')) throw new Error(`the app should be ${seen?.desiredState}, but is ${seen?.status}`)
    return seen
  }

  for (let round = 1; round <= rounds; round += 1) {
    const possible = Object.keys(actions).filter((action) => action !== 'restartApp' || app.desiredState === 'RUNNING')
    const action = possible[Math.floor(random() * possible.length)] ?? 'startApp'
    const killedAfterMs = Math.floor(random() * 1500)
    await ask(node, `mutation { ${actions[action]?.(app.id, round)} { operation { id } } }`)
    await wait(killedAfterMs)
    await node.kill()
    const startedAt = performance.now()
    await node.start()
    await ends()
    app = await isAsDockerSays()
    done.push({ action, killedAfterMs, tookMs: Math.round(performance.now() - startedAt) })
  }
  return done
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
