import test from 'ava'
import { chosenUpdates, type KnownImage } from '../../../api/apps/images/chosen-updates.ts'
import { knownImage, lookedAt } from '../../helpers/known-image.ts'

const hour = 3_600_000

const chosen = (images: KnownImage[], { hours = 24, failed = [] as Record<string, string>[] } = {}): string[] =>
  chosenUpdates(images, { now: lookedAt, minimumAgeMs: hours * hour, failed })

test('what is newer and old enough is chosen', (t) => {
  const images = [
    knownImage('web', 'available'),
    knownImage('db', 'available', { hours: 23 }),
    knownImage('cache', 'current'),
    knownImage('job', 'unknown'),
  ]
  t.deepEqual(chosen(images), ['web'])
  t.deepEqual(chosen(images, { hours: 0 }), ['web', 'db'])
  const [{ update, answer }] = [knownImage('web', 'available')]
  t.deepEqual(chosen([{ update, answer: answer && { ...answer, foundAt: null } }], { hours: 0 }), [], 'nobody knows since when')
})

test('images with which the app failed are not chosen together again, under whichever of their digests', (t) => {
  const images = [knownImage('web', 'available'), knownImage('db', 'current')]
  t.deepEqual(chosen(images, { failed: [{ web: 'b', db: 'a' }] }), [])
  t.deepEqual(chosen(images, { failed: [{ web: 'platform of b', db: 'a' }] }), [])
  t.deepEqual(chosen(images, { failed: [{ web: 'b' }] }), [], 'db had no container then')
  t.deepEqual(chosen(images, { failed: [{ web: 'b', db: 'another' }] }), ['web'], 'another db may be what it needs')
  t.deepEqual(chosen(images, { failed: [{ web: 'a', db: 'a' }, { db: 'a' }] }), ['web'], 'it failed for another reason')
  t.deepEqual(chosen([knownImage('web', 'available', { fresh: 'c' }), knownImage('db', 'current')], { failed: [{ web: 'b', db: 'a' }] }), [
    'web',
  ])
})
