import { request } from 'node:http'
import { randomUUID } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { runningNode, type RunningNode } from '../helpers/running-node.ts'
import { someApp, someContainer } from '../helpers/things.ts'

const mib = 1024 * 1024
const composeContent = `services: {}\n# ${'x'.repeat(100_000)}\n`

/** A primary with `nodes` nodes that have `apps` apps each, every app with a 100 KB file. */
async function primaryWithApps(t: ExecutionContext, { nodes, apps }: { nodes: number; apps: number }): Promise<RunningNode> {
  const primary = await runningNode(t)
  const { registry } = primary.services.members
  const { inventory } = primary.services.feed
  for (let index = 0; index < nodes; index += 1) {
    const nodeId = randomUUID()
    await registry.register({ id: nodeId, name: `n${index}`, apiEndpoint: 'http://127.0.0.1:9', apiKey: 'key-of-nobody' })
    const made = Array.from({ length: apps }, (_, app) => someApp({ nodeId, name: `a${app}`, composeContent }))
    inventory.apply(nodeId, { type: 'snapshot', apps: made, operations: [] })
  }
  return primary
}

test('an answer larger than 16 MiB becomes one clear error', async (t) => {
  const primary = await primaryWithApps(t, { nodes: 10, apps: 20 })
  const aliases = Array.from({ length: 12 }, (_, index) => `c${index}: composeContent`).join(' ')
  const refused = await primary.graphql(`{ apps(first: 200) { nodes { ${aliases} } } }`)
  t.is(refused.data ?? null, null)
  t.deepEqual(
    refused.errors.map(({ message, extensions }: { message: string; extensions: object }) => ({ message, extensions })),
    [
      {
        message: 'The answer would be larger than 16 MiB. Ask for fewer items (first), or leave out large fields',
        extensions: { code: 'PAYLOAD_TOO_LARGE' },
      },
    ],
  )
  const allowed = await primary.graphql('{ apps(first: 100) { nodes { composeContent } } }')
  t.is(allowed.data.apps.nodes.length, 100)
})

test('a 310-byte query for a 398 MB answer is refused before anything is resolved', async (t) => {
  const primary = await primaryWithApps(t, { nodes: 3, apps: 10 })
  const aliases = Array.from({ length: 12 }, (_, index) => `c${index}: composeContent`).join(' ')
  const level = (inner: string, first: number) => `apps(first: ${first}) { nodes { ${inner} } }`
  const { data, errors } = await primary.graphql(`{ ${level(`node { ${level(`node { ${level(aliases, 5)} }`, 5)} }`, 5)} }`)
  t.falsy(data)
  t.regex(errors[0].message, /AppConnection\.nodes is nested inside itself/)
  t.is(errors[0].extensions.code, 'INVALID_INPUT')
})

test('finds cycles through fragments and aliases, and allows one round', async (t) => {
  const primary = await primaryWithApps(t, { nodes: 1, apps: 1 })
  const circle = await primary.graphql(
    '{ nodes { nodes { ...N } } } fragment N on Node { x: apps { nodes { ...A } } } fragment A on App { node { y: apps { totalCount } } }',
  )
  t.regex(circle.errors[0].message, /Node\.apps is nested inside itself/)
  const round = await primary.graphql('{ nodes { nodes { apps { edges { node { node { name } } } } } } }')
  t.is(round.errors, undefined)
  t.truthy(round.data.nodes.nodes)
})

test('counts fields without a resolver: __typename under thirty aliases in every port', async (t) => {
  const primary = await runningNode(t)
  const nodeId = randomUUID()
  await primary.services.members.registry.register({ id: nodeId, name: 'n', apiEndpoint: 'http://127.0.0.1:9', apiKey: 'key-of-nobody' })
  const port = { hostIp: null, hostPort: 1, containerPort: 1, protocol: 'tcp' }
  const container = someContainer({ ports: Array.from({ length: 500 }, () => port) })
  const app = someApp({ nodeId, containers: Array.from({ length: 100 }, () => container) })
  primary.services.feed.inventory.apply(nodeId, { type: 'snapshot', apps: [app], operations: [] })
  const names = Array.from({ length: 30 }, (_, index) => `${'n'.repeat(20)}${index}: __typename`).join(' ')
  const { errors } = await primary.graphql(`{ apps { nodes { containers { ports { ${names} } } } } }`)
  t.is(errors?.[0]?.extensions.code, 'PAYLOAD_TOO_LARGE')
})

test('REST has the same limit', async (t) => {
  const primary = await primaryWithApps(t, { nodes: 10, apps: 20 })
  const { status, json } = await primary.send('/api/apps')
  t.is(status, 413)
  t.regex(json.detail, /larger than 16 MiB.*node_ids/)
  const [first] = primary.services.members.registry.list().filter(({ isPrimary }) => !isPrimary)
  const some = await primary.send(`/api/apps?node_ids=${first?.id}`)
  t.is(some.json.length, 20)
})

/** Sends a request and does not read the answer. Resolves when the answer has started. */
function askWithoutReading(t: ExecutionContext, node: RunningNode, query: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${node.url}/graphql`,
      { method: 'POST', headers: { ...node.headers, 'content-type': 'application/json' } },
      (response) => {
        response.pause()
        resolve(response.statusCode ?? 0)
      },
    )
    sent.on('error', reject)
    sent.end(JSON.stringify({ query }))
    t.teardown(() => sent.destroy())
  })
}

test('a caller with unread answers gets no more until they are read or dropped', async (t) => {
  const primary = await primaryWithApps(t, { nodes: 10, apps: 20 })
  const query = '{ apps(first: 140) { nodes { composeContent } } }'
  const statuses: number[] = []
  for (let count = 0; count < 5; count += 1) statuses.push(await askWithoutReading(t, primary, query))
  t.deepEqual(statuses.slice(0, 2), [200, 200])
  t.deepEqual(statuses.slice(3), [429, 429])
  const refused = await primary.send('/api/nodes')
  t.is(refused.status, 429)
  t.regex(refused.json.detail, /MiB of your earlier answers are still being sent\. Read them first/)
  t.is(refused.headers['retry-after'], '5')
  t.true(process.memoryUsage().rss < 2000 * mib)
})
