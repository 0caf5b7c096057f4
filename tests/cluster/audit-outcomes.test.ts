import test from 'ava'
import { answerLoser } from '../helpers/answer-loser.ts'
import { allOperations, createApp, eventually, followToEnd, register, secondaryOf, twoNodes } from '../helpers/cluster.ts'
import { ensureTestImage, removeProject, testImage, uniqueName } from '../helpers/docker.ts'
import { ask } from '../helpers/graphql.ts'
import { nodeProcess, type NodeProcess } from '../helpers/node-process.ts'

interface Line {
  outcome: string
  detail: string | null
  durationMs: number | null
  operationId: string | null
  ended: { outcome: string } | null
}

test.before(() => ensureTestImage())

const linesOf = async (node: NodeProcess): Promise<Line[]> => {
  const query = `{ audit(first: 20, filter: { action: "app.create" }) { nodes { outcome detail durationMs operationId ended { outcome } } } }`
  return (await ask<{ audit: { nodes: Line[] } }>(node, query)).audit.nodes
}

/** @returns whether the node could be asked */
const cancel = (node: NodeProcess, id: string): Promise<boolean> =>
  ask(node, 'mutation ($id: ID!) { cancelOperation(id: $id) { id } }', { id }).then(
    () => true,
    () => false,
  )

test.serial('a failed deploy on another node is a failure in the audit logs of both, with reason and duration', async (t) => {
  const { primary, worker, id } = await twoNodes(t)
  const { operation } = await createApp(primary, id, {
    name: uniqueName(),
    composeContent: 'services:\n  web:\n    image: 127.0.0.1:1/absent:1\n',
  })
  t.is((await followToEnd(t, primary, operation)).last.status, 'FAILED')
  for (const node of [primary, worker]) {
    const [end, begun] = await linesOf(node)
    t.like(end, { outcome: 'FAILED' })
    t.regex(end?.detail ?? '', /127\.0\.0\.1:1|absent/)
    t.true((end?.durationMs ?? 0) > 100, 'longer than queueing takes')
    t.like(begun, { outcome: 'STARTED', operationId: null, ended: { outcome: 'FAILED' } })
  }
})

test.serial('if a node dies during a deploy the outcome is unknown until it is back, even if the primary was restarted', async (t) => {
  const { primary, worker, id } = await twoNodes(t)
  const name = uniqueName()
  t.teardown(() => removeProject(name))
  const check = `healthcheck: { test: ["CMD", "false"], interval: 1s, retries: 200 }`
  const composeContent = `services:\n  web: { image: ${testImage}, ${check} }\n  after: { image: ${testImage}, depends_on: { web: { condition: service_healthy } } }\n`
  const { operation } = await createApp(primary, id, { name, composeContent })
  t.like((await linesOf(primary))[0], { outcome: 'STARTED', operationId: operation.id, ended: null })
  await worker.kill()
  const lines = await eventually(
    () => linesOf(primary),
    ([newest]) => newest?.outcome === 'UNKNOWN',
    60_000,
  )
  t.regex(lines[0]?.detail ?? '', /^worker is offline: .*The outcome follows/)
  await primary.stop()
  await primary.start()
  await worker.start()
  // The node takes the deploy up again, and it would wait for its health check until its deadline.
  await eventually(() => cancel(primary, operation.id), Boolean, 60_000)
  const ended = await eventually(
    () => linesOf(primary),
    ([newest]) => newest?.outcome === 'CANCELLED',
    60_000,
  )
  t.is(ended.length, 3)
  t.like(ended[2], { outcome: 'STARTED', operationId: null, ended: { outcome: 'CANCELLED' } })
})

test.serial('an operation whose answer was lost gets its outcome when its end is heard, and is not started again', async (t) => {
  const primary = await nodeProcess(t, { NODE_NAME: 'primary' })
  const worker = await secondaryOf(t, primary, 'worker', { NODE_CONNECTION: 'direct' })
  await Promise.all([primary.start(), worker.start()])
  const between = await answerLoser(t, worker.url)
  const { id } = await register(primary, worker, between.url)
  const name = uniqueName()
  t.teardown(() => removeProject(name))
  between.lose(true)
  const composeContent = `services:\n  web: { image: ${testImage}, network_mode: none }\n`
  await t.throwsAsync(createApp(primary, id, { name, composeContent }), { message: /may have started it/ })
  between.lose(false)
  const lines = await eventually(
    () => linesOf(primary),
    ([newest]) => newest?.outcome === 'SUCCEEDED',
    60_000,
  )
  t.deepEqual(
    lines.map(({ outcome }) => outcome),
    ['SUCCEEDED', 'UNKNOWN', 'STARTED'],
  )
  t.like(lines[2], { ended: { outcome: 'SUCCEEDED' } })

  const [sent] = between.lost
  const { 'x-waits-until': _, ...headers } = sent?.headers ?? {}
  const again = (more: Record<string, string> = {}) =>
    fetch(worker.url + (sent?.path ?? ''), {
      method: 'POST',
      headers: { ...(headers as Record<string, string>), ...more },
      body: sent?.body ?? '',
    })
  const answer = await again()
  t.is(answer.status, 202)
  const { operation } = (await answer.json()) as { operation: { id: string } }
  t.is(operation.id, String(headers['x-operation-id']))
  t.deepEqual(
    (await allOperations(primary)).map((each) => each.id),
    [operation.id],
  )
  t.is((await again({ 'x-operation-id': 'mine' })).status, 400)
})
