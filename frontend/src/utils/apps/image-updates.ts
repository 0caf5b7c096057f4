import type { ImageUpdateState } from '../../graphql/generated/graphql.ts'
import type { AppItem } from '../../graphql/items.ts'

/** The services for which a newer image was found. */
export const updatableServices = ({ imageUpdates }: Pick<AppItem, 'imageUpdates'>): string[] =>
  imageUpdates.flatMap(({ service, state }) => (state === 'AVAILABLE' ? service : []))

/** What a state means, for those that say nothing more. */
export const imageStateWords: Record<ImageUpdateState, string> = {
  CURRENT: 'The registry has nothing newer under this name.',
  AVAILABLE: 'The registry has another image under this name.',
  UNKNOWN: 'It could not be found out.',
  PINNED: 'The Compose file names a digest.',
  LOCAL: 'It comes from no registry.',
}

/** The start of a digest, as people compare it. */
export const shortDigest = (digest: string): string => digest.replace(/^sha256:/, '').slice(0, 12)
