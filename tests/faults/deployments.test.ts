import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import Docker from 'dockerode'
import { allApps, allOperations, change, createApp, eventually, followApps, followToEnd, twoNodes, webApp } from '../helpers/cluster.ts'
import { ensureTestImage, testImage, uniqueName } from '../helpers/docker.ts'
import { freePort } from '../helpers/free-port.ts'
import { GraphqlFailure } from '../helpers/graphql.ts'
import { nodeProcess } from '../helpers/node-process.ts'

test.before(() => ensureTestImage())

const unknownKey = `services:
  web:
    image: ${testImage}
    prots:
      - "80:80"
`
const unknownService = `services:
  web:
    image: ${testImage}
    depends_on:
      - nowhere
`

test.serial('a file that Compose refuses is reported with the line and leaves nothing', async (t) => {
  // On a secondary each refusal crosses both hops.
  const { primary, worker, id } = await twoNodes(t)
  for (const [composeContent, words] of [
    [unknownKey, /line 4: .*prots/s],
    [unknownService, /nowhere/],
    ['services:\n  web:\n\timage: with-a-tab\n', /line 3/],
  ] as const) {
    const refusal = await t.throwsAsync(createApp(primary, id, { name: uniqueName(), composeContent }), { instanceOf: GraphqlFailure })
    t.is(refusal.code, 'INVALID_INPUT')
    t.is(refusal.fields[0]?.field, 'composeContent')
    t.regex(refusal.fields[0]?.message ?? '', words)
  }
  for (const node of [primary, worker]) {
    t.deepEqual(await allApps(node), [])
    t.deepEqual(await allOperations(node), [])
    t.deepEqual(existsSync(node.appsDir) ? readdirSync(node.appsDir) : [], [])
  }
})

test.serial('a name is used once, even for requests at the same moment', async (t) => {
  const node = await nodeProcess(t)
  await node.start()
  const { id } = await node.identity()
  const name = uniqueName()
  const ask = async () => createApp(node, id, { name, composeContent: webApp(await freePort()) })
  const answers = await Promise.allSettled([ask(), ask(), ask()])
  const made = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  t.is(made.length, 1)
  const late = t.throwsAsync(ask(), { instanceOf: GraphqlFailure })
  for (const refusal of [...answers.flatMap((answer): unknown => (answer.status === 'rejected' ? answer.reason : [])), await late]) {
    t.like(refusal, { code: 'CONFLICT', fields: { 0: { field: 'name' } } })
  }
  for (const { operation } of made) t.is((await followToEnd(t, node, operation)).last.status, 'SUCCEEDED')
  t.deepEqual(
    (await allApps(node)).map((app) => app.name),
    [name],
  )
  t.deepEqual(readdirSync(node.appsDir), [name])
})

test.serial("an image that cannot be pulled fails the operation with Docker's reason; the app can be retried and removed", async (t) => {
  const node = await nodeProcess(t)
  await node.start()
  const { id } = await node.identity()
  const name = uniqueName()
  // Nothing listens on port 1, which stands in for an unreachable registry without using the network.
  const image = `127.0.0.1:1/${name}`
  const apps = followApps(t, node)
  const { app, operation } = await createApp(node, id, { name, composeContent: `services:\n  web:\n    image: ${image}:1\n` })
  const { last } = await followToEnd(t, node, operation)
  t.like(last, { status: 'FAILED', kind: 'CREATE' })
  t.true(last.progress < 100)
  t.regex(last.error ?? '', /127\.0\.0\.1:1.*connection refused/)
  const broken = await apps.first(({ status }) => status === 'ERROR')
  t.regex(broken.statusReason ?? '', /Creating it failed: .*connection refused/s)

  await new Docker().getImage(testImage).tag({ repo: image, tag: '1' })
  t.teardown(() => new Docker().getImage(`${image}:1`).remove())
  const again = await followToEnd(t, node, await change(node, 'startApp', app.id))
  t.is(again.last.status, 'SUCCEEDED', again.last.error ?? '')
  const running = await apps.first(({ status }) => status === 'RUNNING')
  t.is(running.statusReason, null)

  const removed = await followToEnd(t, node, await change(node, 'removeApp', app.id))
  t.is(removed.last.status, 'SUCCEEDED', removed.last.error ?? '')
  t.deepEqual(
    await eventually(
      () => allApps(node),
      (left) => left.length === 0,
    ),
    [],
  )
  t.false(existsSync(join(node.appsDir, name)))
})
