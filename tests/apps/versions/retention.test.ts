import test from 'ava'
import { outdatedOf } from '../../../api/apps/versions/retention.ts'
import { ensureTestImage, testImage } from '../../helpers/docker.ts'
import { appName, nodeOf } from '../../helpers/own-apps.ts'

/** Versions from `count` down to 1. Those in `healthy` were healthy. */
const history = (count: number, healthy: number[]) =>
  Array.from({ length: count }, (_, index) => count - index).map((number) => ({
    number,
    outcome: healthy.includes(number) ? ('healthy' as const) : ('failed' as const),
  }))

const sorted = (numbers: number[]): number[] => numbers.toSorted((a, b) => a - b)

test('the oldest versions go, healthy ones last, the newest and needed ones never', (t) => {
  t.deepEqual(outdatedOf(history(12, []), 12, new Set()), [])
  t.deepEqual(outdatedOf(history(14, []), 12, new Set()).toSorted(), [1, 2])
  t.deepEqual(sorted(outdatedOf(history(20, [1, 2, 5]), 12, new Set())), [1, 3, 4, 6, 7, 8, 9, 10], 'of the healthy ones the newest stay')
  t.deepEqual(sorted(outdatedOf(history(20, [1, 2, 5]), 12, new Set([3]))), [1, 2, 4, 6, 7, 8, 9, 10])
  t.deepEqual(sorted(outdatedOf(history(6, [6]), 2, new Set([1, 2, 3]))), [4, 5, 6], 'what is needed may be more than the limit')
})

test('old versions go after each change and at a start, and numbers are never given again', async (t) => {
  await ensureTestImage()
  const node = await nodeOf(t, { keptVersions: 3 })
  const name = appName(t)
  const made = await node.apps.create({ name, composeContent: `services:\n  web:\n    image: ${testImage}\n    network_mode: none\n` })
  const { id } = made.app
  await node.outcome(made)
  await node.outcome(await node.apps.stopApp(id))
  const numbers = async (of = node): Promise<number[]> =>
    (await of.apps.versions.list(id, { most: 50 })).versions.map(({ number }) => number)
  for (let change = 2; change <= 5; change += 1) await node.outcome(await node.apps.update(id, { profiles: [`p${change}`] }))
  t.deepEqual(await numbers(), [5, 4, 3])
  await t.throwsAsync(node.apps.rollbackApp(id, { version: 1 }), { code: 'NOT_FOUND' })
  await node.stop()
  const again = await nodeOf(t, { folder: node.folder, keptVersions: 1 })
  t.deepEqual(await numbers(again), [5])
  t.is((await again.outcome(await again.apps.update(id, { profiles: [] }))).status, 'succeeded')
  t.deepEqual([again.apps.get(id).version, await numbers(again)], [6, [6]])
  await again.outcome(await again.apps.removeApp(id))
})
