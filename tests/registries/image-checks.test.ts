import test, { type ExecutionContext } from 'ava'
import { createImageAnswers, type ImageAnswer } from '../../api/registries/image-answers.ts'
import { createImageChecks } from '../../api/registries/image-checks.ts'
import type { ImageUse } from '../../api/registries/image-uses.ts'
import { RegistryError } from '../../api/registries/registry-error.ts'
import { testDatabase } from '../helpers/database.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { recordedLog } from '../helpers/recorded-log.ts'

const image = 'docker.io/library/nginx:1'
const platform = 'linux/amd64'
const use = (nodeId: string, more: Partial<ImageUse> = {}): ImageUse => ({
  ...{ nodeId, appId: `app of ${nodeId}`, image, platform, digests: [`sha256:${nodeId}`] },
  ...more,
})

async function setUp(t: ExecutionContext<unknown>, uses: ImageUse[], { hours = 6 } = {}) {
  const clock = createManualClock()
  const { em } = await testDatabase(t)
  const { log } = recordedLog()
  const state = {
    asked: [] as { from: string; image: string; digests: string[] }[],
    told: [] as [string, string[]][],
    failure: null as RegistryError | null,
    away: new Set<string>(),
    uses,
  }
  let changes = 0
  const answers = createImageAnswers({ em, clock, onChange: () => (changes += 1) })
  await answers.start()
  const answerOf = (name: string): ImageAnswer => ({
    ...{ image: name, platform, digest: 'sha256:new', same: ['sha256:new'], foundAt: null, checkedAt: clock.now(), askedAt: clock.now() },
    error: null,
  })
  const checks = createImageChecks({
    ...{ selfId: 'primary', clock, random: () => 0.5, log, intervalMs: hours * 3_600_000, answers },
    uses: () => state.uses,
    canCall: (id) => !state.away.has(id),
    client: {
      async latest({ registry, repository, tag }, _platform, digests) {
        state.asked.push({ from: 'primary', image: `${registry}/${repository}:${tag}`, digests })
        if (state.failure) throw state.failure
        return { digest: 'sha256:new', same: ['sha256:new'] }
      },
    },
    async askNode(nodeId, question) {
      state.asked.push({ from: nodeId, image: question.image, digests: question.digests })
      return answerOf(question.image)
    },
    async tellNode(nodeId, list) {
      state.told.push([nodeId, list.map((each) => each.image)])
    },
  })
  return { clock, em, answers, checks, state, changes: () => changes }
}

test('one question per image and platform for the whole cluster, and each node is told once', async (t) => {
  const { checks, state, answers } = await setUp(t, [use('primary'), use('a'), use('b'), use('b', { platform: 'linux/arm64' })])
  await checks.tick()
  t.deepEqual(state.asked, [
    { from: 'primary', image, digests: ['sha256:primary', 'sha256:a', 'sha256:b'] },
    { from: 'primary', image, digests: ['sha256:b'] },
  ])
  t.deepEqual(state.told, [
    ['a', [image]],
    ['b', [image, image]],
  ])
  t.is(answers.of(image, platform)?.digest, 'sha256:new')
  await checks.tick()
  t.is(state.asked.length, 2, 'not again before it is due')
  t.is(state.told.length, 2)
})

test('it is asked again when the interval is over, and answers stay over a restart', async (t) => {
  const { checks, state, clock, em, answers } = await setUp(t, [use('primary')])
  await checks.tick()
  clock.advance(6 * 3_600_000 - 1)
  await checks.tick()
  t.is(state.asked.length, 1)
  clock.advance(1)
  await checks.tick()
  t.is(state.asked.length, 2)
  const later = createImageAnswers({ em, clock, onChange: () => t.fail() })
  await later.start()
  t.deepEqual(later.of(image, platform), answers.of(image, platform))
})

test('with the interval 0, only people ask', async (t) => {
  const { checks, state } = await setUp(t, [use('primary')], { hours: 0 })
  await checks.tick()
  t.deepEqual(state.asked, [])
  await checks.check('app of primary')
  t.is(state.asked.length, 1)
})

test('people who ask within 10 s share one question', async (t) => {
  const { checks, state, clock } = await setUp(t, [use('primary'), use('a'), use('a', { appId: 'other', image: 'ghcr.io/a/b:1' })])
  await Promise.all([checks.check('app of primary'), checks.check('app of a')])
  clock.advance(9999)
  await checks.check('app of a')
  t.is(state.asked.length, 1)
  clock.advance(1)
  await checks.check('app of a')
  t.deepEqual(
    state.asked.map((each) => each.image),
    [image, image],
    "and other apps' images are left alone",
  )
})

test('a node that uses the image asks where the primary cannot reach the registry', async (t) => {
  const { checks, state, answers } = await setUp(t, [use('primary'), use('a'), use('b')])
  state.failure = new RegistryError('unreachable', 'no answer')
  state.away.add('a')
  await checks.tick()
  t.deepEqual(
    state.asked.map(({ from }) => from),
    ['primary', 'b'],
  )
  t.like(answers.of(image, platform), { digest: 'sha256:new', error: null })
  t.deepEqual(state.told, [['b', [image]]])
})

test('a failure keeps the last success, is tried again within the hour, and no node helps where the registry refuses', async (t) => {
  const { checks, state, answers, clock } = await setUp(t, [use('primary'), use('a')])
  await checks.tick()
  const checkedAt = answers.of(image, platform)?.checkedAt
  clock.advance(6 * 3_600_000)
  state.failure = new RegistryError('refused', 'docker.io refuses it')
  await checks.tick()
  t.like(answers.of(image, platform), { digest: 'sha256:new', checkedAt, error: 'docker.io refuses it' })
  t.deepEqual(
    state.asked.map(({ from }) => from),
    ['primary', 'primary'],
  )
  clock.advance(3_600_000)
  await checks.tick()
  t.is(state.asked.length, 3)
})

test('a registry that asks to wait is asked then', async (t) => {
  const { checks, state, clock } = await setUp(t, [use('primary')])
  state.failure = new RegistryError('limited', 'wait', { retryAt: new Date(clock.now().getTime() + 8 * 3_600_000) })
  await checks.tick()
  clock.advance(8 * 3_600_000 - 1)
  await checks.tick()
  t.is(state.asked.length, 1)
  clock.advance(1)
  await checks.tick()
  t.is(state.asked.length, 2)
})

test("what a node has at its own localhost only that node is asked about, and the primary's answer for itself stays its own", async (t) => {
  const local = 'localhost:5000/app:1'
  const { checks, state, answers } = await setUp(t, [use('primary', { image: local }), use('a', { image: local })])
  await checks.tick()
  t.deepEqual(
    state.asked.map(({ from }) => from),
    ['primary', 'a'],
  )
  t.deepEqual(state.told, [], 'that node keeps its answer itself')
  t.like(answers.of(local, platform), { digest: 'sha256:new' })
})

test('a node that could not be told is told later', async (t) => {
  const { checks, state, clock } = await setUp(t, [use('a')])
  state.away.add('a')
  await checks.tick()
  t.deepEqual(state.told, [])
  state.away.clear()
  clock.advance(10_000)
  await checks.tick()
  t.deepEqual(state.told, [['a', [image]]])
})

test('a digest keeps the time at which it was first seen', async (t) => {
  const { answers, clock } = await setUp(t, [])
  const first = clock.now()
  const answer = { image, platform, digest: 'sha256:1', same: [], foundAt: null, checkedAt: first, askedAt: first, error: null }
  await answers.learn([answer])
  clock.advance(1000)
  await answers.learn([{ ...answer, askedAt: clock.now() }])
  t.deepEqual(answers.of(image, platform)?.foundAt, first)
  clock.advance(1000)
  await answers.learn([{ ...answer, digest: 'sha256:2', askedAt: clock.now() }])
  t.deepEqual(answers.of(image, platform)?.foundAt, clock.now())
  await answers.learn([{ ...answer, askedAt: first }])
  t.is(answers.of(image, platform)?.digest, 'sha256:2', 'older news changes nothing')
})
