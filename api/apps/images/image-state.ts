import { bounds, cut } from '../../bounds.ts'
import type { EngineImage } from '../../docker/engine.types.ts'
import { digestsOf, parseImage, type ImageReference } from '../../image-reference.ts'
import { masked } from '../../masked.ts'
import type { ImageUpdate, ImageUpdateState } from './image-update.ts'

/** What a registry said about an image on one platform. */
export interface ImageAnswer {
  /** In its canonical form. */
  image: string
  platform: string
  /** What its tag names; null if the registry never answered. */
  digest: string | null
  /** Digests that are the same image on this platform. */
  same: string[]
  /** When the tag was first seen to name this digest. */
  foundAt: Date | null
  /** When the registry last answered, and when it was last asked. */
  checkedAt: Date | null
  askedAt: Date
  /** Why the last question had no answer. */
  error: string | null
}

/** An image has a digest per name under which it was pulled, and sometimes one per time. */
const mostDigests = bounds.app.imageDigests

interface Found {
  state: ImageUpdateState
  current?: string | undefined
  available?: string | null
  error?: string | null
}

/**
 * Compares what a node has with what the registry said.
 *
 * @param local the image that the service runs: null if this node has none, undefined if it has not been looked at yet
 * @param answerOf what is known of an image on a platform
 */
export function imageUpdateOf(
  { service, image }: { service: string; image: string | null },
  local: EngineImage | null | undefined,
  answerOf: (reference: ImageReference, platform: string) => ImageAnswer | null,
): ImageUpdate {
  const reference = image === null ? null : parseImage(image)
  const digests = reference && local ? digestsOf(reference, local.repoDigests).slice(0, mostDigests) : []
  const platform = local?.platform ?? null
  const answer = reference && platform !== null ? answerOf(reference, platform) : null
  const found = stateOf({ image, reference, local, digests, answer })
  return {
    service: cut(service, bounds.container.service),
    image: cut(image ?? 'built on this node', bounds.container.image),
    state: found.state,
    current: found.current ?? digests[0] ?? null,
    available: found.available ?? null,
    checkedAt: answer?.checkedAt ?? null,
    error: found.error ?? null,
    platform,
    digests,
  }
}

function stateOf(facts: {
  image: string | null
  reference: ImageReference | null
  local: EngineImage | null | undefined
  digests: string[]
  answer: ImageAnswer | null
}): Found {
  const { image, reference, local, digests, answer } = facts
  if (image === null) return { state: 'local' }
  if (image.includes(masked)) return { state: 'unknown', error: 'Its name contains a secret value, which no registry is told' }
  if (!reference) return { state: 'unknown', error: `Docker accepts no image with the name "${cut(image, 100)}"` }
  if (reference.digest !== null) return { state: 'pinned', current: reference.digest }
  if (local === undefined) return { state: 'unknown', error: 'This node has not looked at the image yet' }
  if (local === null) return { state: 'unknown', error: 'This node does not have the image yet' }
  if (digests.length === 0) return { state: 'local' }
  if (answer === null) return { state: 'unknown', error: 'The registry has not been asked yet' }
  if (answer.error !== null) return { state: 'unknown', error: cut(answer.error, bounds.app.imageError) }
  const current = digests.find((digest) => answer.same.includes(digest))
  return current === undefined ? { state: 'available', available: answer.digest } : { state: 'current', current }
}
