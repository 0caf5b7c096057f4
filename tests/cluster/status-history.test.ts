import { join } from 'node:path'
import test from 'ava'
import { dataFolder } from '../helpers/data-folder.ts'
import { runningNode, runningSecondary, type RunningNode } from '../helpers/running-node.ts'

const query = `query ($id: ID!, $first: Int, $after: String) { node(id: $id) {
  uptime { day week month dayObservedMs }
  statusHistory(first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } nodes { id at from to signal reason durationMs }
  }
} }`

const historyOf = async (primary: RunningNode, id: string, page = {}) => {
  const { data, errors } = await primary.graphql(query, { id, ...page })
  if (errors) throw new Error(JSON.stringify(errors))
  return data.node
}

test("a node's history survives a restart of the primary and continues", async (t) => {
  const settings = { DATABASE_PATH: join(dataFolder(t), 'selfhostly.db') }
  const primary = await runningNode(t, settings)
  const secondary = await runningSecondary(t)
  await primary.services.membership.register({ id: secondary.id, name: 'worker-1', apiEndpoint: secondary.url, apiKey: secondary.key })
  const before = await historyOf(primary, secondary.id)
  t.deepEqual(
    before.statusHistory.nodes.map(({ from, to }: { from: string | null; to: string }) => ({ from, to })),
    [
      { from: 'OFFLINE', to: 'ONLINE' },
      { from: null, to: 'OFFLINE' },
    ],
  )
  t.like(before.statusHistory.nodes[1], { signal: 'REGISTRATION', reason: 'Has not answered since it was registered' })
  t.true(before.statusHistory.nodes[1].durationMs >= 0)
  t.is(before.statusHistory.nodes[0].durationMs, null)
  await primary.stop()

  const again = await runningNode(t, settings)
  t.deepEqual((await historyOf(again, secondary.id)).statusHistory, before.statusHistory)
  const { observe } = again.services.members.registry
  for (let i = 0; i < 3; i++)
    observe(secondary.id, { kind: 'check-failed', by: 'check', startedAt: new Date(), reason: 'connection refused' })
  const first = await historyOf(again, secondary.id, { first: 2 })
  t.like(first.statusHistory, { totalCount: 3, pageInfo: { hasNextPage: true } })
  t.like(first.statusHistory.nodes[0], { from: 'ONLINE', to: 'OFFLINE', signal: 'CHECK', reason: 'connection refused', durationMs: null })
  t.true(first.statusHistory.nodes[1].durationMs > 0)
  const rest = await historyOf(again, secondary.id, { first: 2, after: first.statusHistory.pageInfo.endCursor })
  t.deepEqual(rest.statusHistory.nodes, [before.statusHistory.nodes[1]])
  await again.services.health.history.beat()
  const { day, week, month } = (await historyOf(again, secondary.id)).uptime
  t.true(day > 0 && day < 1, String(day))
  t.is(week, day)
  t.is(month, day)
  t.like((await historyOf(again, again.id)).uptime, { day: 1 })
})

test('refuses a cursor of another list and a page size of 0, naming the field', async (t) => {
  const node = await runningNode(t)
  const after = await node.graphql(query, { id: node.id, after: 'bm90aGluZw' })
  t.like(after.errors[0].extensions, { code: 'INVALID_INPUT' })
  t.is(after.errors[0].extensions.fields[0].field, 'after')
  const none = await node.graphql(query, { id: node.id, first: 0 })
  t.is(none.errors[0].extensions.fields[0].field, 'first')
})
