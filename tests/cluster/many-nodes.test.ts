import test, { type ExecutionContext } from 'ava'
import { follow } from '../helpers/graphql.ts'
import { enrol, linkedNodes, manyNodes } from '../helpers/linked-nodes.ts'
import { nodeProcess, type NodeProcess } from '../helpers/node-process.ts'

const count = 300
/** Links per second; see `linkRate` in api/cluster/transport/accept-gate.ts. Lines get their time when they are written, so one can slip into the next second. */
const mostPerSecond = 50

interface SeenNode {
  id: string
  isPrimary: boolean
  status: string
  session: { transport: string } | null
}

/** Follows one subscription until every node has its session. */
async function untilAllAreBack(t: ExecutionContext<unknown>, primary: NodeProcess): Promise<SeenNode[]> {
  const seen = follow<SeenNode>(t, primary, 'subscription { nodeStatusChanged { id isPrimary status session { transport } } }')
  const back = new Set<string>()
  await seen.first(
    ({ id, session }) => {
      if (session?.transport === 'LINK') back.add(id)
      return back.size === count
    },
    { withinMs: 120_000 },
  )
  return [...seen.values]
}

/** The most links opened within one second. */
function peakOf(primary: NodeProcess, from: number): number {
  const times = primary.log.values.slice(from).flatMap(({ msg, time }) => (msg === 'link open' ? [Date.parse(time)] : []))
  return Math.max(...times.map((start) => times.filter((time) => time >= start && time < start + 1000).length))
}

// How fast they are back is measured by `npm run bench -- reconnect`.
test('300 linked nodes reconnect to a stopped or killed primary in turn, and none is shown as offline', async (t) => {
  t.timeout(400_000)
  const primary = await nodeProcess(t, { NODE_NAME: 'primary' })
  const nodes = manyNodes(count)
  const version = await enrol(primary, nodes)
  const cluster = linkedNodes(t)
  await primary.start()
  await cluster.ask('start', { nodes, origin: primary.url, version, appsPerNode: 2, statsEveryMs: 5000 })
  await untilAllAreBack(t, primary)

  for (const end of ['stop', 'kill'] as const) {
    await primary[end]()
    const from = primary.log.values.length
    const began = performance.now()
    await primary.start()
    const seen = await untilAllAreBack(t, primary)
    t.log(
      `${end}: all back ${Math.round(performance.now() - began)} ms after the start, at most ${peakOf(primary, from)} links in a second`,
    )
    t.true(peakOf(primary, from) <= mostPerSecond * 1.1, `${peakOf(primary, from)} links in one second`)
    t.deepEqual(
      seen.filter(({ status }) => status !== 'ONLINE'),
      [],
    )
    t.deepEqual(
      primary.log.values.slice(from).filter(({ msg }) => msg === 'node status changed'),
      [],
    )
  }
})
