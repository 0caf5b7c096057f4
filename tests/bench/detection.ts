import type { ConnectionMode } from '../../api/cluster/members/node-about.ts'
import { faultyCluster, type FaultyCluster, type Member, type WatchedNode } from '../helpers/faulty-cluster.ts'
import type { Seen } from '../helpers/seen.ts'
import { asTest, quantile, type BenchContext, type Figure } from './bench.ts'

const connections = ['direct', 'link'] as const satisfies ConnectionMode[]
const patience = { withinMs: 60_000 }

/** In milliseconds, one per run. */
interface Times {
  offline: number[]
  online: number[]
}

interface Fault {
  name: string
  /** What the time until a node is back is measured from. */
  back: string
  breakIt: (member: Member) => Promise<unknown>
  /** @returns the time to measure from */
  mend: (member: Member) => Promise<number>
}

const faults: Fault[] = [
  { name: 'clean close', back: 'since it was ready', breakIt: ({ process }) => process.stop(), mend: startAgain },
  { name: 'kill', back: 'since it was ready', breakIt: ({ process }) => process.kill(), mend: startAgain },
  {
    name: 'silent drop',
    back: 'since the fault ended',
    breakIt: ({ host }) => host.drop(),
    async mend({ host }) {
      const healedAt = Date.now()
      await host.heal()
      return healedAt
    },
  },
]

/** How soon a subscribed client sees that a node is gone and that it is back. Real processes, each in its own network namespace. */
export async function detection(context: BenchContext): Promise<Figure[]> {
  const [atOnce, rounds] = context.short ? [1, 1] : [7, 3]
  const cluster = await faultyCluster(asTest(context))
  const groups = new Map<ConnectionMode, Member[]>()
  for (const connection of connections) {
    const names = Array.from({ length: atOnce }, (_, index) => `${connection}-${index}`)
    groups.set(connection, await Promise.all(names.map(async (name) => cluster.add(name, await cluster.network.host(), connection))))
  }
  const watched = { nodes: cluster.watch() }
  const figures: Figure[] = []
  for (const fault of faults)
    for (const [connection, members] of groups) {
      const times: Times = { offline: [], online: [] }
      for (let round = 0; round < rounds; round++) await runFault(fault, members, watched.nodes, times)
      figures.push(
        inFigures(`${fault.name}, ${connection}: offline`, times.offline),
        inFigures(`${fault.name}, ${connection}: online again`, times.online, fault.back),
      )
    }
  return [...figures, ...(await restartFigures(cluster, groups, rounds))]
}

/** Breaks fewer than half of the nodes at a time. Each has a session when it is broken. */
async function runFault(fault: Fault, members: Member[], nodes: Seen<WatchedNode>, times: Times): Promise<void> {
  await haveSessions(members, nodes)
  const from = nodes.values.length
  const sees = async ({ id }: Member, wanted: string, since: number): Promise<number> => {
    await nodes.first(({ id: of, status }) => of === id && status === wanted, { from: since, ...patience })
    return Date.now()
  }
  await Promise.all(
    members.map(async (member) => {
      const brokenAt = Date.now()
      const [seenAt] = await Promise.all([sees(member, 'OFFLINE', from), fault.breakIt(member)])
      times.offline.push(seenAt - brokenAt)
    }),
  )
  const lost = nodes.values.length
  await Promise.all(
    members.map(async (member) => {
      const [seenAt, calledAt] = await Promise.all([sees(member, 'ONLINE', lost), fault.mend(member)])
      times.online.push(Math.max(0, seenAt - calledAt))
    }),
  )
}

async function haveSessions(members: Member[], nodes: Seen<WatchedNode>): Promise<void> {
  const latest = new Map(nodes.values.map((node) => [node.id, node]))
  const without = members.filter(({ id }) => !latest.get(id)?.session)
  const from = nodes.values.length
  await Promise.all(without.map(({ id }) => nodes.first((node) => node.id === id && node.session !== null, { from, ...patience })))
}

async function startAgain({ process }: Member): Promise<number> {
  await process.start()
  return Date.now()
}

/** The time until each node was seen again, and how many were wrongly shown offline. */
async function restartFigures(cluster: FaultyCluster, groups: Map<ConnectionMode, Member[]>, rounds: number): Promise<Figure[]> {
  const { primary } = cluster
  const times = new Map([...groups.keys()].map((connection) => [connection, [] as number[]]))
  const from = primary.log.values.length
  for (let round = 0; round < rounds; round++) {
    await primary.stop()
    await primary.start()
    const readyAt = Date.now()
    const nodes = cluster.watch()
    const heard = async ({ id }: Member, connection: ConnectionMode): Promise<void> => {
      await nodes.first((node) => node.id === id && Date.parse(node.lastSeen ?? '') >= readyAt, patience)
      times.get(connection)?.push(Date.now() - readyAt)
    }
    await Promise.all([...groups].flatMap(([connection, members]) => members.map((member) => heard(member, connection))))
  }
  const wrong = primary.log.values.slice(from).filter(({ msg, to }) => msg === 'node status changed' && to !== 'online')
  return [
    ...[...times].map(([connection, of]) => inFigures(`primary restart, ${connection}: seen again`, of, 'since it was ready')),
    { name: 'primary restart: shown offline', value: wrong.length, unit: 'nodes' },
  ]
}

const inFigures = (name: string, times: number[], note?: string): Figure => ({
  name,
  value: quantile(times, 0.5),
  unit: 'ms',
  note: [`p99 ${Math.round(quantile(times, 0.99))} ms`, `${times.length} runs`, ...(note ? [note] : [])].join('; '),
})
