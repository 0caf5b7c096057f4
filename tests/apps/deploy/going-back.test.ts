import test from 'ava'
import { ensureTestImage } from '../../helpers/docker.ts'
import { appName, containersOf, nodeOf, servicesOf } from '../../helpers/own-apps.ts'

test.before(async () => void (await ensureTestImage()))

test('a program that ends while it goes back finishes that at its next start, and the operation still fails with the reason', async (t) => {
  const node = await nodeOf(t)
  const name = appName(t)
  const well = 'healthcheck: { test: ["CMD", "true"], interval: 1s }'
  const composeContent = servicesOf({ web: well })
  const created = await node.apps.create({ name, composeContent, rollback: true })
  t.is((await node.outcome(created)).status, 'succeeded')
  const { id } = created.app
  const broken = servicesOf({ web: 'command: ["sh", "-c", "exit 3"]' })
  const { operation } = await node.apps.update(id, { composeContent: broken, rollback: true })
  await node.ended.first((each) => each.id === operation.id && each.message === 'Going back to version 1', { withinMs: 30_000 })
  await node.stop()
  await node.database.close(true)

  const again = await nodeOf(t, { folder: node.folder })
  const isEnded = (each: { id: string; finishedAt: Date | null }): boolean => each.id === operation.id && each.finishedAt !== null
  const ended = await again.ended.first(isEnded, { withinMs: 60_000 })
  t.is(ended.status, 'failed')
  t.regex(ended.error ?? '', /^Version 2 failed: service web exited with code 3\. The app is back on version 1/)
  t.like(again.apps.get(id), { version: 1, status: 'running', composeContent })
  t.is(await again.apps.versions.outcomeOf(id, 2), 'rolled_back')
  t.deepEqual(
    (await containersOf(name)).map(({ State }) => State),
    ['running'],
  )
})
