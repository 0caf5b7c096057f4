import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { ensureTestImage, removeProject, testImage, uniqueName } from '../helpers/docker.ts'
import { follow } from '../helpers/graphql.ts'
import { runningNode, runningSecondary, type RunningNode } from '../helpers/running-node.ts'
import { until } from '../helpers/until.ts'

interface Batch {
  lines: { at: string | null; service: string | null; container: string; stream: string; text: string; position: string }[]
  skipped: number
}

const noMore = (): void => undefined
const run = promisify(execFile)
const fields = '{ lines { at service container stream text position } skipped passed }'

const compose = ['web', 'job'].map(
  (service) => `  ${service}:
    image: ${testImage}
    network_mode: none
    init: true
    command: ["sh", "-c", "for n in 1 2 3; do echo ${service} $$n; sleep 0.05; done; exec sleep 1000"]
    stop_grace_period: 1s
`,
)

/** Prints as the container's first process would. */
const print = (container: string, text: string, fd = 1): Promise<unknown> =>
  run('docker', ['exec', container, 'sh', '-c', `echo "${text}" > /proc/1/fd/${fd}`])

async function appOn(t: ExecutionContext<unknown>, primary: RunningNode, nodeId: string): Promise<string> {
  const name = uniqueName()
  t.teardown(() => removeProject(name))
  const created = await primary.graphql(
    'mutation ($id: ID!, $input: CreateAppInput!) { createApp(nodeId: $id, input: $input) { app { id } operation { id } } }',
    { id: nodeId, input: { name, composeContent: `services:\n${compose.join('')}` } },
  )
  t.is(created.errors, undefined)
  const { app, operation } = created.data.createApp
  await ended(t, primary, operation.id)
  return app.id
}

const ended = (t: ExecutionContext<unknown>, primary: RunningNode, id: string) =>
  follow<{ status: string }>(t, primary, 'subscription ($id: ID!) { operationProgress(id: $id) { status } }', { id }).first(
    ({ status }) => status === 'SUCCEEDED',
    { withinMs: 60_000 },
  )

const textsOf = ({ values }: { values: Batch[] }): string[] => values.flatMap(({ lines }) => lines.map(({ text }) => text))

async function secondaryWith(t: ExecutionContext<unknown>, primary: RunningNode): Promise<RunningNode> {
  const node = await runningSecondary(t, primary, { NODE_CONNECTION: 'link', NODE_API_ENDPOINT: 'http://127.0.0.1:9' })
  const nodes = follow<{ id: string; status: string }>(t, primary, 'subscription { nodeStatusChanged { id status } }')
  await primary.services.membership.welcome({ id: node.id, name: 'worker', apiEndpoint: 'http://127.0.0.1:9', apiKey: node.key })
  await nodes.first(({ id, status }) => id === node.id && status === 'ONLINE')
  return node
}

test.before(async (t) => {
  t.timeout(120_000)
  await ensureTestImage()
})

test.serial('an app on another node: all services in order, one reader for all, through a restart, over a link and by curl', async (t) => {
  const primary = await runningNode(t)
  const node = await secondaryWith(t, primary)
  const id = await appOn(t, primary, node.id)
  const ask = `subscription ($id: ID!, $services: [String!], $tail: Int) { appLogs(appId: $id, services: $services, tail: $tail) ${fields} }`
  const logs = follow<Batch>(t, primary, ask, { id })
  await until(() => textsOf(logs).length >= 6)
  const lines = logs.values.flatMap((batch) => batch.lines)
  t.deepEqual(lines.map(({ text }) => text).toSorted(), ['job 1', 'job 2', 'job 3', 'web 1', 'web 2', 'web 3'])
  t.deepEqual(
    lines.map(({ position }) => position.split('/')[2]),
    lines.map(({ position }) => position.split('/')[2]).toSorted(),
    'in time order over both services',
  )
  t.deepEqual([...new Set(lines.map(({ stream }) => stream))], ['STDOUT'])

  const web = lines.find(({ service }) => service === 'web')?.container ?? ''
  const job = lines.find(({ service }) => service === 'job')?.container ?? ''
  const second = follow<Batch>(t, primary, ask, { id, tail: 2 })
  await until(() => textsOf(second).length === 2)
  t.deepEqual(textsOf(second), textsOf(logs).slice(-2), 'the tail of the merged whole')
  t.deepEqual(primary.services.logHub.counts(), { open: 1, viewers: 2 })
  t.is(node.services.ownLogs.followed(), 2, 'one reader per container')

  for (const n of [1, 2, 3]) {
    await print(n % 2 ? web : job, `now ${n}`, n === 2 ? 2 : 1)
    await until(() => textsOf(logs).includes(`now ${n}`) && textsOf(second).includes(`now ${n}`))
  }
  await run('docker', ['restart', '-t', '0', web])
  await until(() => textsOf(logs).filter((text) => text === 'web 3').length === 2)
  t.deepEqual(textsOf(logs).slice(6), ['now 1', 'now 2', 'now 3', 'web 1', 'web 2', 'web 3'], 'no holes, no repeats')
  t.is(
    logs.values.reduce((sum, { skipped }) => sum + skipped, 0),
    0,
  )

  const update = await primary.graphql(
    'mutation ($id: ID!, $input: UpdateAppInput!) { updateApp(id: $id, input: $input) { operation { id } } }',
    {
      id,
      input: { composeContent: `services:\n${compose.join('').replace('echo job', 'echo new job')}` },
    },
  )
  t.is(update.errors, undefined)
  await until(() => textsOf(logs).includes('new job 3'))
  t.deepEqual(textsOf(logs).slice(12), ['new job 1', 'new job 2', 'new job 3'], 'the container that replaced it, from its first line')

  const rest = await primary.send(`/api/apps/${id}/logs?service=web&tail=2`)
  t.is(rest.status, 200, rest.text)
  t.is(rest.headers['content-type'], 'text/plain; charset=utf-8')
  t.regex(rest.text, /^\d{4}-\d\d-\d\dT[\d:.]+Z web web 2\n\d{4}-\d\d-\d\dT[\d:.]+Z web web 3\n$/)
  const since = await primary.send(`/api/apps/${id}/logs?since=2026-01-01T00:00:00Z`)
  t.true(since.text.split('\n').length > 10)
  for (const [query, field] of [
    ['tail=-1', 'tail'],
    ['since=yesterday', 'since'],
    ['follow=yes', 'follow'],
    ['service=db', 'service'],
    ['lines=3', 'lines'],
    ['tail=5&tail=6', 'tail'],
    ['service=', 'service'],
  ] as const) {
    const wrong = await primary.send(`/api/apps/${id}/logs?${query}`)
    t.is(wrong.status, 400, query)
    t.regex(wrong.text, new RegExp(`"field":"${field}"`), query)
  }

  await node.stop()
  await until(() => primary.services.members.registry.find(node.id)?.health.status !== 'online')
  const refused = await primary.send(`/api/apps/${id}/logs`)
  t.is(refused.status, 503)
  t.regex(refused.json.detail, /worker/)
})

test.serial('any container of this node, and one that does not exist', async (t) => {
  const primary = await runningNode(t)
  const name = uniqueName()
  t.teardown(() => run('docker', ['rm', '-f', name]).then(noMore, noMore))
  await run('docker', [
    'run',
    '-d',
    '--init',
    '-t',
    '--network',
    'none',
    '--name',
    name,
    testImage,
    'sh',
    '-c',
    'printf "\\033[31mred\\033[0m\\n"; exec sleep 1000',
  ])
  const ask = `subscription ($node: ID!, $id: ID!) { containerLogs(nodeId: $node, containerId: $id) ${fields} }`
  await until(() => primary.services.apps.containers().some((each) => each.name === name))
  const logs = follow<Batch>(t, primary, ask, { node: primary.id, id: name })
  await until(() => textsOf(logs).length === 1)
  t.like(logs.values[0]?.lines[0], { text: '\u001b[31mred\u001b[0m', service: null })
  await run('docker', ['rm', '-f', name])
  await logs.completed
  const missing = follow<Batch>(t, primary, ask, { node: primary.id, id: 'nothing-here' })
  await t.throwsAsync(
    missing.first(() => true),
    { message: /no container/ },
  )
})
