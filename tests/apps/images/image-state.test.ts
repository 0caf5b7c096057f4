import test from 'ava'
import { createAppImages } from '../../../api/apps/images/app-images.ts'
import { imageUpdateOf, type ImageAnswer } from '../../../api/apps/images/image-state.ts'
import type { EngineImage } from '../../../api/docker/engine.types.ts'

const [older, newer, index] = ['a', 'b', 'c'].map((digit) => `sha256:${digit.repeat(64)}`) as [string, string, string]
const at = new Date('2026-01-26T20:00:00Z')
const here: EngineImage = { id: 'sha256:id', repoDigests: [`nginx@${older}`, `other@${newer}`], platform: 'linux/amd64' }
const answer: ImageAnswer = {
  image: 'docker.io/library/nginx:1.29',
  platform: 'linux/amd64',
  digest: newer,
  same: [newer],
  foundAt: at,
  checkedAt: at,
  askedAt: at,
  error: null,
}
const said = (more: Partial<ImageAnswer> | null) => () => more && { ...answer, ...more }
const of = (image: string | null, local: EngineImage | null | undefined, more: Partial<ImageAnswer> | null = {}) => {
  const { state, current, available, error, checkedAt, digests } = imageUpdateOf({ service: 'web', image }, local, said(more))
  return { state, current, available, error, checkedAt, digests }
}
const none = { current: null, available: null, error: null, checkedAt: null, digests: [] }

test('a tag that names another digest than any here is an update', (t) => {
  t.deepEqual(of('nginx:1.29', here), {
    state: 'available',
    current: older,
    available: newer,
    error: null,
    checkedAt: at,
    digests: [older],
  })
})

test('a digest that stands for the same image on this platform is current', (t) => {
  const more = { digest: index, same: [index, newer, older] }
  t.deepEqual(of('nginx:1.29', here, more), {
    state: 'current',
    current: older,
    available: null,
    error: null,
    checkedAt: at,
    digests: [older],
  })
})

test('what could not be asked is unknown and says why, with the last success', (t) => {
  const error = 'docker.io could not be reached: no answer within 15 s'
  t.deepEqual(of('nginx:1.29', here, { error }), {
    state: 'unknown',
    current: older,
    available: null,
    error,
    checkedAt: at,
    digests: [older],
  })
  t.is(of('nginx:1.29', here, null).error, 'The registry has not been asked yet')
  t.is(of('nginx:1.29', null, null).error, 'This node does not have the image yet')
  t.is(of('nginx:1.29', undefined, null).error, 'This node has not looked at the image yet')
  t.is(of('Not An Image', here).error, 'Docker accepts no image with the name "Not An Image"')
})

test('a digest in the file pins the image, and an image without a digest at its registry is local', (t) => {
  t.like(of(`nginx:1.29@${newer}`, here), { state: 'pinned', current: newer })
  t.like(of('mine:1', { ...here, repoDigests: [] }), { state: 'local', current: null, error: null })
  t.deepEqual(of(null, here, null), { ...none, state: 'local' })
})

test('an image that was made here is not pulled, even if it was pushed somewhere under another name', async (t) => {
  const images = createAppImages({ engine: { image: async () => here }, answerOf: () => null, onRead: () => {} })
  const wanted = ['nginx:1.29', 'shop/own:1', 'other:2'].map((image) => ({
    ...{ name: image, image, replicas: 1, isJob: false, restart: 'no' as const },
  }))
  t.deepEqual(await images.pullable({ wanted }), ['nginx:1.29', 'other:2'])
})
