import test from 'ava'
import { chosenUpdates, type KnownImage } from '../../../api/apps/images/chosen-updates.ts'
import type { ImageUpdateState } from '../../../api/apps/images/image-update.ts'

const hour = 3_600_000
const now = new Date('2026-01-26T20:00:00Z')

/** A service that runs `old`, while the registry has `fresh` since some hours. */
function known(service: string, state: ImageUpdateState, { old = 'a', fresh = 'b', hours = 48 } = {}): KnownImage {
  const foundAt = new Date(now.getTime() - hours * hour)
  const base = { image: service, platform: 'linux/amd64', error: null, checkedAt: now }
  return {
    update: { ...base, service, state, current: old, available: state === 'available' ? fresh : null, digests: [old] },
    answer: { ...base, digest: fresh, same: [fresh, `platform of ${fresh}`], foundAt, askedAt: now },
  }
}

const chosen = (images: KnownImage[], { hours = 24, failed = [] as Record<string, string>[] } = {}): string[] =>
  chosenUpdates(images, { now, minimumAgeMs: hours * hour, failed })

test('what is newer and old enough is chosen', (t) => {
  const images = [known('web', 'available'), known('db', 'available', { hours: 23 }), known('cache', 'current'), known('job', 'unknown')]
  t.deepEqual(chosen(images), ['web'])
  t.deepEqual(chosen(images, { hours: 0 }), ['web', 'db'])
  const [{ update, answer }] = [known('web', 'available')]
  t.deepEqual(chosen([{ update, answer: answer && { ...answer, foundAt: null } }], { hours: 0 }), [], 'nobody knows since when')
})

test('images with which the app failed are not chosen together again, under whichever of their digests', (t) => {
  const images = [known('web', 'available'), known('db', 'current')]
  t.deepEqual(chosen(images, { failed: [{ web: 'b', db: 'a' }] }), [])
  t.deepEqual(chosen(images, { failed: [{ web: 'platform of b', db: 'a' }] }), [])
  t.deepEqual(chosen(images, { failed: [{ web: 'b' }] }), [], 'db had no container then')
  t.deepEqual(chosen(images, { failed: [{ web: 'b', db: 'another' }] }), ['web'], 'another db may be what it needs')
  t.deepEqual(chosen(images, { failed: [{ web: 'a', db: 'a' }, { db: 'a' }] }), ['web'], 'it failed for another reason')
  t.deepEqual(chosen([known('web', 'available', { fresh: 'c' }), known('db', 'current')], { failed: [{ web: 'b', db: 'a' }] }), ['web'])
})
