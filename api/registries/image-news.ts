import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { ImageAnswer, ImageAnswers } from './image-answers.ts'
import { isOnlyThere, type ImageUse } from './image-uses.ts'

/** What is told to a node at once. */
export const mostTold = 100

/** Tells nodes what registries said about the images that they run. */
export function createImageNews(deps: {
  selfId: string
  log: Log
  answers: ImageAnswers
  /** Nodes that can be told now. */
  canCall: (nodeId: string) => boolean
  tellNode: (nodeId: string, answers: ImageAnswer[]) => Promise<void>
}) {
  const { selfId, answers, log } = deps
  /** By node, and then by image and platform: of when the answer is that it has. */
  const told = new Map<string, Map<string, number>>()

  async function tellOne(nodeId: string, uses: ImageUse[]): Promise<void> {
    const has = told.get(nodeId) ?? new Map<string, number>()
    told.set(nodeId, has)
    const missing = uses.filter((use) => !isOnlyThere(use, selfId)).flatMap(({ image, platform }) => answers.of(image, platform) ?? [])
    const newer = [...new Set(missing)].filter(({ image, platform, askedAt: at }) => has.get(`${image} ${platform}`) !== at.getTime())
    for (let from = 0; from < newer.length; from += mostTold) {
      const part = newer.slice(from, from + mostTold)
      await deps.tellNode(nodeId, part)
      for (const { image, platform, askedAt: at } of part) has.set(`${image} ${platform}`, at.getTime())
    }
  }

  return {
    /** Tells each node that can be called what it does not know yet about the images that it runs. */
    async tell(uses: ImageUse[]): Promise<void> {
      const nodeIds = [...new Set(uses.map(({ nodeId }) => nodeId))].filter((id) => id !== selfId && deps.canCall(id))
      const telling = nodeIds.map((id) =>
        tellOne(
          id,
          uses.filter(({ nodeId }) => nodeId === id),
        ),
      )
      for (const outcome of await Promise.allSettled(telling))
        if (outcome.status === 'rejected') log.debug({ error: errorMessage(outcome.reason) }, 'a node could not be told about its images')
    },

    forgetNode: (nodeId: string): void => void told.delete(nodeId),
  }
}
