import test from 'ava'
import type { KnownImage } from '../../../api/apps/images/chosen-updates.ts'
import { heldUpdate } from '../../../api/apps/images/held-update.ts'
import { knownImage, lookedAt } from '../../helpers/known-image.ts'

const hour = 3_600_000
const opensAt = new Date('2026-01-27T03:00:00Z')
const ago = (hours: number): Date => new Date(lookedAt.getTime() - hours * hour)

const held = (images: KnownImage[], given: Partial<Parameters<typeof heldUpdate>[1]> = {}) =>
  heldUpdate(images, {
    now: lookedAt,
    minimumAgeMs: 24 * hour,
    failed: [],
    shouldRun: true,
    dockerAwaySince: null,
    isOpen: false,
    opensAt,
    ...given,
  })

test('what waits says for what, and since when', (t) => {
  const images = [knownImage('web', 'available'), knownImage('db', 'current')]
  t.deepEqual(held(images), {
    reason: 'outside-window',
    message: 'web can be updated in the next window',
    since: ago(24),
    until: opensAt,
  })
  t.is(held(images, { isOpen: true }), null, 'its turn comes')
  t.deepEqual(held(images, { minimumAgeMs: 72 * hour, isOpen: true }), {
    reason: 'too-young',
    message: 'The newer image of web is too young',
    since: ago(48),
    until: ago(-24),
  })
  t.like(held(images, { failed: [{ web: 'b', db: 'a' }], isOpen: true }), { reason: 'failed-before', since: ago(48) })
  t.like(held([], { dockerAwaySince: ago(1) }), { reason: 'docker-away', since: ago(1), until: null })
  t.like(held(images, { shouldRun: false, dockerAwaySince: ago(1) }), { reason: 'stopped' })
  t.like(held(images, { shouldRun: false }), { reason: 'stopped', message: 'web can be updated, but the app is stopped' })
})

test('nothing newer holds nothing back, unless a registry could not be asked', (t) => {
  t.is(held([]), null)
  t.is(held([knownImage('web', 'current'), knownImage('db', 'pinned'), knownImage('job', 'local')]), null)
  const unknown = knownImage('web', 'unknown')
  t.is(held([unknown]), null, 'it has not been asked yet')
  const answer = unknown.answer && { ...unknown.answer, error: 'it did not answer within 10 s', checkedAt: ago(3) }
  t.deepEqual(held([{ ...unknown, answer }]), {
    reason: 'not-checked',
    message: 'Whether web can be updated could not be checked: it did not answer within 10 s',
    since: ago(3),
    until: null,
  })
})
