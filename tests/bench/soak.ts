import { setTimeout as wait } from 'node:timers/promises'
import { connectionModes } from '../../api/cluster/members/node-about.ts'
import { createRandom } from '../helpers/kill-rounds.ts'
import { faultyCluster, type FaultyCluster, type Member, type WatchedNode } from '../helpers/faulty-cluster.ts'
import type { Seen } from '../helpers/seen.ts'
import { asTest, type BenchContext, type Figure } from './bench.ts'
import { handlesOf, residentMbOf } from './helpers/process-figures.ts'

/** A leak of one connection, or of a few hundred kilobytes, per fault would exceed this. */
const most = { grownMb: 60, grownHandles: 12 }
const patience = { withinMs: 60_000 }

type Random = () => number

/** What happens to a node until it is healthy again. */
const faults: Record<string, (member: Member, lastsMs: number) => Promise<unknown>> = {
  killed: ({ process }, lastsMs) => process.kill().then(() => wait(lastsMs).then(process.start)),
  stopped: ({ process }, lastsMs) => process.stop().then(() => wait(lastsMs).then(process.start)),
  dropped: ({ host }, lastsMs) => host.drop().then(() => wait(lastsMs).then(host.heal)),
  reset: ({ host }, lastsMs) => host.reset().then(() => wait(lastsMs).then(host.heal)),
  lossy: ({ host }, lastsMs) => host.lose(0.2).then(() => wait(lastsMs).then(host.heal)),
  async asleep({ process }, lastsMs) {
    process.sleep()
    await wait(lastsMs)
    process.wake()
  },
}
const longestFaultMs = 25_000
const longestPauseMs = 10_000

/**
 * Several minutes of nodes that die, vanish, sleep and return at random, next to some that are left undisturbed. Fails and names the seed
 * if an undisturbed node is ever shown offline, a status is wrong at the end, or the primary's memory or handles have grown.
 */
export async function soak(context: BenchContext): Promise<Figure[]> {
  const seed = Date.now() & 0x7fffffff
  console.log(`soak: seed ${seed}`)
  const lastsMs = context.short ? 30_000 : 240_000
  const cluster = await faultyCluster(asTest(context))
  const add = async (name: string, index: number): Promise<Member> =>
    cluster.add(`${name}-${index}`, await cluster.network.host(), connectionModes[index % connectionModes.length])
  const calm = await Promise.all([0, 1, 2].map((index) => add('calm', index)))
  const churned = await Promise.all([0, 1, 2, 3, 4, 5].map((index) => add('churned', index)))
  const watched = { nodes: cluster.watch() }
  const pid = cluster.primary.pid()
  const handlesBefore = handlesOf(pid)

  const counts = new Map<string, number>()
  const until = performance.now() + lastsMs
  const memory = wait(lastsMs / 3).then(() => residentMbOf(pid))
  await Promise.all(churned.map((member, index) => churn(member, until, createRandom(seed + index), counts)))

  await allHaveSessions(cluster, [...calm, ...churned], seed)
  const grownHandles = handlesOf(pid) - handlesBefore
  const grownMb = residentMbOf(pid) - (await memory)
  await isSeenToDie(cluster, churned[0], watched.nodes, seed)

  const changed = calm.flatMap((member) =>
    cluster
      .changesOf(member)
      .slice(1)
      .map((change) => `${member.name} ${change}`),
  )
  if (changed.length > 0) throw new Error(`Undisturbed nodes changed: ${changed.join(', ')}; seed ${seed}`)
  if (grownHandles > most.grownHandles) throw new Error(`The primary holds ${grownHandles} more handles than before, seed ${seed}`)
  if (grownMb > most.grownMb) throw new Error(`The primary has grown by ${grownMb.toFixed(0)} MB, seed ${seed}`)
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
  return [
    { name: 'faults', value: total, unit: 'faults', note: [...counts].map(([name, count]) => `${name} ${count}`).join(', ') },
    { name: 'status changes of the 3 undisturbed nodes', value: 0, unit: 'changes' },
    { name: 'nodes with a wrong status at the end', value: 0, unit: 'nodes', note: `of ${calm.length + churned.length}` },
    { name: 'additional handles of the primary', value: Math.max(0, grownHandles), unit: 'handles' },
    { name: 'resident memory growth after the first third', value: Math.max(0, grownMb), unit: 'MB' },
  ]
}

async function churn(member: Member, until: number, random: Random, counts: Map<string, number>): Promise<void> {
  while (performance.now() < until) {
    await wait(random() * longestPauseMs)
    const [name, happen] = Object.entries(faults)[Math.floor(random() * Object.keys(faults).length)] ?? []
    if (!name || !happen) continue
    counts.set(name, (counts.get(name) ?? 0) + 1)
    await happen(member, random() * longestFaultMs)
  }
}

/** The state at the end. */
async function isSeenToDie(cluster: FaultyCluster, member: Member | undefined, nodes: Seen<WatchedNode>, seed: number): Promise<void> {
  if (!member) return
  const from = nodes.values.length
  const fromLine = cluster.primary.log.values.length
  await member.process.kill()
  await nodes
    .first(({ id, status }) => id === member.id && status === 'OFFLINE', { from, ...patience })
    .catch((error: Error) => {
      const said = cluster.primary.log.values.slice(Math.max(0, fromLine - 100)).filter(({ node }) => node === member.name)
      throw new Error(`${error.message}; seed ${seed}. The primary's log about it:\n${said.map((line) => JSON.stringify(line)).join('\n')}`)
    })
}

async function allHaveSessions(cluster: FaultyCluster, members: Member[], seed: number): Promise<void> {
  const now = cluster.watch()
  const online = members.map(({ id }) => now.first((node) => node.id === id && node.status === 'ONLINE' && node.session !== null, patience))
  await Promise.all(online).catch((error: Error) => {
    throw new Error(`${error.message}; seed ${seed}`)
  })
}

/** Pseudorandom numbers from 0 up to 1, determined by the seed (mulberry32). */
