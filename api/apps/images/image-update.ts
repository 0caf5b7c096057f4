/**
 * `current`: the tag names what is here. `available`: it names something else. `unknown`: it could not be found out, or stands for a
 * word of a newer version. `pinned`: the file names a digest. `local`: the image comes from no registry.
 */
export const imageUpdateStates = ['current', 'available', 'unknown', 'pinned', 'local'] as const
export type ImageUpdateState = (typeof imageUpdateStates)[number]

/** Whether a service's image has an update at its registry. */
export interface ImageUpdate {
  service: string
  /** As in the Compose file. */
  image: string
  state: ImageUpdateState
  /** Digests of manifests: the one that this node has, and the newer one. */
  current: string | null
  available: string | null
  /** When the registry last answered. */
  checkedAt: Date | null
  /** Why the state is unknown. */
  error: string | null
  /** What a registry is asked for: the platform, such as `linux/amd64`, and every digest that this node has of the image. */
  platform: string | null
  digests: string[]
}
