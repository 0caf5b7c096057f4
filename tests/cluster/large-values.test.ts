import test, { type ExecutionContext } from 'ava'
import { createContainer, testImage, uniqueName } from '../helpers/docker.ts'
import { nodeHeaders, runningNode, runningSecondary, type RunningNode } from '../helpers/running-node.ts'
import { until } from '../helpers/until.ts'

// A primary must be able to read everything its nodes accept. Uses a real primary and a real secondary in this process.

async function pairOf(t: ExecutionContext<unknown>): Promise<{ primary: RunningNode; worker: RunningNode }> {
  const primary = await runningNode(t)
  const worker = await runningSecondary(t, primary, { STATS_INTERVAL: '1' })
  await primary.services.membership.welcome({ id: worker.id, name: 'worker', apiEndpoint: worker.url, apiKey: worker.key })
  await until(() => primary.services.details.sessionOf(worker.id) !== null)
  await primary.services.health.checks.checkNow(worker.id)
  return { primary, worker }
}

const inputs: Record<string, { input: Record<string, string>; field: string; says: RegExp }> = {
  'a description of 900 KB': {
    input: { name: uniqueName(), description: 'x'.repeat(900_000), composeContent: `services: { web: { image: ${testImage} } }` },
    field: 'description',
    says: /^has 900000 characters\. The maximum is 10000$/,
  },
  'a service name of 600 characters': {
    input: { name: uniqueName(), composeContent: `services:\n  ${'a'.repeat(600)}:\n    image: ${testImage}\n` },
    field: 'composeContent',
    says: /^line 2: the service name has 600 characters\. The maximum is 255$/,
  },
  'a Compose file of 300 KiB': {
    input: { name: uniqueName(), composeContent: `services: { web: { image: ${testImage} } }\n#${'x'.repeat(300 * 1024)}` },
    field: 'composeContent',
    says: /^is 301 KiB\. The maximum is 256 KiB$/,
  },
}

for (const [what, { input, field, says }] of Object.entries(inputs)) {
  test.serial(`both nodes refuse ${what} at once and keep nothing of it`, async (t) => {
    const { primary, worker } = await pairOf(t)
    for (const nodeId of [primary.id, worker.id]) {
      const mutation = 'mutation ($nodeId: ID!, $input: CreateAppInput!) { createApp(nodeId: $nodeId, input: $input) { app { id } } }'
      const { errors } = await primary.graphql(mutation, { nodeId, input })
      t.like(errors[0].extensions, { code: 'INVALID_INPUT' })
      t.is(errors[0].extensions.fields[0].field, field)
      t.regex(errors[0].extensions.fields[0].message, says)
    }
    const { composeContent: compose_content, ...rest } = input
    const headers = nodeHeaders(worker)
    const { status, json } = await worker.send('/api/internal/apps', { method: 'POST', headers, json: { ...rest, compose_content } })
    t.is(status, 400)
    t.is(json.fields[0].field, field === 'composeContent' ? 'compose_content' : field)
    t.deepEqual([worker.services.apps.list(), primary.services.feed.inventory.apps()], [[], []])
  })
}

test.serial("another program's container with a 525-character name affects nothing else", async (t) => {
  const { primary, worker } = await pairOf(t)
  const name = uniqueName().padEnd(525, 'x')
  const container = await createContainer(t, { name })
  await container.start()
  const seen = () => primary.services.feed.inventory.statsOf(worker.id).stats?.containers.find(({ id }) => id === container.id)
  await until(() => seen() !== undefined)
  t.is(seen()?.name, `${name.slice(0, 299)}…`)
  const check = await primary.services.health.checks.checkNow(worker.id)
  t.deepEqual([check.ok, check.error], [true, null])
  t.deepEqual(primary.services.details.conditionsOf(primary.services.members.registry.get(worker.id)), [])
})
