import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import test, { type ExecutionContext } from 'ava'
import { fuzz, type FuzzReport } from '../helpers/fuzz.ts'
import { graphqlInputs, restInputs } from '../helpers/fuzz-inputs.ts'
import { peopleSettings, tokenOf } from '../helpers/people.ts'
import { nodeHeaders, runningNode, type RunningNode } from '../helpers/running-node.ts'

// Prevents deployments. Only affects this process, because AVA runs every file in its own.
process.env['DOCKER_HOST'] = `unix://${join(tmpdir(), 'no-docker-here.sock')}`

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const heapMb = (): number => {
  collect()
  return process.memoryUsage().heapUsed / 1024 ** 2
}

/** The same inputs in every run. The bench uses new ones each time. */
const seed = 20261124

const share = ({ statuses }: FuzzReport, count: number, status: number): number => (statuses[status] ?? 0) / count

const added = (one: FuzzReport, other: FuzzReport): FuzzReport => ({
  statuses: Object.fromEntries(
    [...new Set([...Object.keys(one.statuses), ...Object.keys(other.statuses)].map(Number))].map((status) => [
      status,
      (one.statuses[status] ?? 0) + (other.statuses[status] ?? 0),
    ]),
  ),
  withData: one.withData + other.withData,
  faults: [...one.faults, ...other.faults],
})

async function assertWell(t: ExecutionContext, node: RunningNode): Promise<void> {
  t.is((await node.send('/api/health')).status, 200)
  t.deepEqual(
    node.log.filter(({ level }) => level === 'error'),
    [],
  )
}

test('no document or request causes a server error, reveals internals or fills memory', async (t) => {
  const node = await runningNode(t)
  // Actions per caller and minute are limited.
  const admins = await Promise.all(Array.from({ length: 12 }, () => tokenOf(node, null, 'admin')))
  const callers = {
    ...Object.fromEntries(admins.map(({ authorization }, index) => [`admin ${index}`, { authorization }])),
    operator: { authorization: (await tokenOf(node, null, 'operator')).authorization },
    viewer: { authorization: (await tokenOf(node, null, 'viewer')).authorization },
  }
  const secrets = [node.key]
  const known = [node.id]
  const document = (await node.send('/api/openapi.json')).json
  const common = { origin: node.url, seed, callers, secrets }
  await fuzz({ ...common, inputs: graphqlInputs(known), count: 100 })
  const before = heapMb()

  const graphql = await fuzz({ ...common, inputs: graphqlInputs(known), count: 1200 })
  t.deepEqual(graphql.faults, [], `seed ${seed}`)
  t.true(graphql.withData > 200, `${graphql.withData} of 1200 documents were run`)
  // Most of them by callers of the right kind, or most answers would be 401.
  const ofPeople = restInputs(document, known, (path) => !path.startsWith('/api/internal/'))
  const ofNodes = restInputs(document, known, (path) => path.startsWith('/api/internal/'))
  const asNode = nodeHeaders(node)
  const people = await fuzz({ ...common, callers: { ...callers, node: asNode }, inputs: ofPeople, count: 450 })
  const nodes = await fuzz({
    ...common,
    callers: { ...callers, ...Object.fromEntries(admins.map((_, n) => [`node ${n}`, asNode])) },
    inputs: ofNodes,
    count: 450,
  })
  const rest = added(people, nodes)
  t.deepEqual(rest.faults, [], `seed ${seed}`)
  t.true(share(rest, 900, 429) < 0.2 && (rest.statuses[200] ?? 0) > 50, JSON.stringify(rest.statuses))

  const grown = heapMb() - before
  t.true(grown < 50, `${grown.toFixed(1)} MB more`)
  await assertWell(t, node)
})

test('callers without credentials get no further than authentication, whatever they send', async (t) => {
  const node = await runningNode(t, peopleSettings)
  const local = await runningNode(t)
  const document = (await local.send('/api/openapi.json')).json
  const common = { origin: node.url, seed, callers: { anonymous: {}, forger: { authorization: 'Bearer forged' } }, secrets: [node.key] }
  const graphql = await fuzz({ ...common, inputs: graphqlInputs([node.id]), count: 100 })
  const rest = await fuzz({ ...common, inputs: restInputs(document, [node.id]), count: 150 })
  t.deepEqual([...graphql.faults, ...rest.faults], [], `seed ${seed}`)
  t.deepEqual(graphql.statuses, { 401: 100 })
  t.true(share(rest, 150, 401) > 0.8, JSON.stringify(rest.statuses))
  t.is(rest.withData, 0)
  await assertWell(t, node)
})
