import type { KnownImage } from '../../api/apps/images/chosen-updates.ts'
import type { ImageUpdateState } from '../../api/apps/images/image-update.ts'

const hour = 3_600_000
/** When images are looked at. */
export const lookedAt = new Date('2026-01-26T20:00:00Z')

/** A service that runs `old`, while the registry has `fresh` since some hours. */
export function knownImage(service: string, state: ImageUpdateState, { old = 'a', fresh = 'b', hours = 48 } = {}): KnownImage {
  const foundAt = new Date(lookedAt.getTime() - hours * hour)
  const base = { image: service, platform: 'linux/amd64', error: null, checkedAt: lookedAt }
  return {
    update: { ...base, service, state, current: old, available: state === 'available' ? fresh : null, digests: [old] },
    answer: { ...base, digest: fresh, same: [fresh, `platform of ${fresh}`], foundAt, askedAt: lookedAt },
  }
}
