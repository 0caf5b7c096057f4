import { canonicalImage, parseImage } from '../image-reference.ts'
import { isLoopbackHost } from '../loopback.ts'

/** An image that a node runs, and every digest that it has of it. */
export interface ImageUse {
  nodeId: string
  appId: string
  /** In its canonical form. */
  image: string
  platform: string
  digests: string[]
}

/** The same image on the same platform, on however many nodes: one question for all of them. */
export interface Question extends Omit<ImageUse, 'nodeId' | 'appId'> {
  key: string
  nodeIds: string[]
}

/** More digests of one image than that only differ between nodes that were not updated for long. */
const mostDigests = 16

/** What another node has at `localhost` only that node can see. */
export const isOnlyThere = ({ image, nodeId }: Pick<ImageUse, 'image' | 'nodeId'>, selfId: string): boolean =>
  nodeId !== selfId && isLoopbackHost(parseImage(image)?.registry)

export function questionsOf(uses: ImageUse[], selfId: string): Question[] {
  const found = new Map<string, Question>()
  for (const { nodeId, image, platform, digests } of uses) {
    const key = `${isOnlyThere({ image, nodeId }, selfId) ? nodeId : ''} ${image} ${platform}`
    const known = found.get(key) ?? { key, image, platform, digests: [], nodeIds: [] }
    known.digests = [...new Set([...known.digests, ...digests])].slice(0, mostDigests)
    if (!known.nodeIds.includes(nodeId)) known.nodeIds.push(nodeId)
    found.set(key, known)
  }
  return [...found.values()]
}

/** What a registry can be asked for, of what nodes say about the images of their apps. */
export function usesOf(
  apps: { id: string; nodeId: string; imageUpdates: { image: string; state: string; platform: string | null; digests: string[] }[] }[],
): ImageUse[] {
  return apps.flatMap(({ id: appId, nodeId, imageUpdates }) =>
    imageUpdates.flatMap(({ image, state, platform, digests }) => {
      const reference = parseImage(image)
      const isAsked = reference && platform !== null && state !== 'pinned' && state !== 'local' && digests.length > 0
      return isAsked ? [{ nodeId, appId, image: canonicalImage(reference), platform, digests }] : []
    }),
  )
}
