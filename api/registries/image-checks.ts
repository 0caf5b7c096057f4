import type { Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import { parseImage } from '../image-reference.ts'
import type { Log } from '../log.ts'
import type { ImageAnswer, ImageAnswers } from './image-answers.ts'
import { createImageNews } from './image-news.ts'
import { isOnlyThere, questionsOf, type ImageUse, type Question } from './image-uses.ts'
import type { RegistryClient } from './registry-client.ts'
import { RegistryError } from './registry-error.ts'

/** A person who asks again within this time gets the same answer. */
const freshMs = 10_000
/** After a failure the next question comes sooner than usual, but not much. */
const afterFailureMs = 3_600_000

export type ImageChecks = ReturnType<typeof createImageChecks>

/**
 * Asks registries about every image that is in use, once per image and platform for all nodes, and tells the nodes. On a secondary
 * this is for its own apps, and asks only when someone wants to know.
 */
export function createImageChecks(deps: {
  selfId: string
  clock: Clock
  random: () => number
  log: Log
  /** 0 asks only when someone wants to know. */
  intervalMs: number
  client: Pick<RegistryClient, 'latest'>
  answers: ImageAnswers
  uses: () => ImageUse[]
  /** Nodes that can be asked and told now. */
  canCall: (nodeId: string) => boolean
  askNode: (nodeId: string, question: { image: string; platform: string; digests: string[] }) => Promise<ImageAnswer>
  tellNode: (nodeId: string, answers: ImageAnswer[]) => Promise<void>
}) {
  const { selfId, clock, answers, log } = deps
  const news = createImageNews(deps)
  const nextAt = new Map<string, number>()
  const running = new Map<string, Promise<ImageAnswer>>()
  const askedAt = new Map<string, number>()

  /** Asks from here. @returns also a failure as an answer */
  async function askHere({ image, platform, digests }: Pick<Question, 'image' | 'platform' | 'digests'>) {
    const reference = parseImage(image)
    const at = clock.now()
    const base = { image, platform, digest: null, same: [], foundAt: null, checkedAt: null, askedAt: at, error: null }
    try {
      if (!reference) throw new RegistryError('unreadable', `${image} is not the name of an image`)
      const { digest, same } = await deps.client.latest(reference, platform, digests)
      return { answer: { ...base, digest, same, checkedAt: at }, failure: null }
    } catch (error) {
      if (!(error instanceof RegistryError)) log.error({ err: error, image }, 'could not check an image')
      const failure = error instanceof RegistryError ? error : new RegistryError('unreadable', 'The check failed. The log says why')
      return { answer: { ...base, error: failure.message }, failure }
    }
  }

  /** One of the nodes that use the image asks instead; null if none can. */
  async function askElsewhere({ nodeIds, image, platform, digests }: Question): Promise<ImageAnswer | null> {
    const nodeId = nodeIds.find((id) => id !== selfId && deps.canCall(id))
    if (nodeId === undefined) return null
    return deps.askNode(nodeId, { image, platform, digests }).catch((error: unknown) => {
      log.debug({ node: nodeId, image, error: errorMessage(error) }, 'a node could not ask a registry for its primary')
      return null
    })
  }

  async function ask(question: Question): Promise<ImageAnswer> {
    const { image, platform, nodeIds } = question
    // That node keeps the answer itself.
    if (isOnlyThere({ image, nodeId: nodeIds[0] ?? '' }, selfId))
      return (await askElsewhere(question)) ?? nobodyAsked(image, platform, clock.now())
    const { answer, failure } = await askHere(question)
    const better = failure?.kind === 'unreachable' ? await askElsewhere(question) : null
    const best = better?.error === null ? { ...better, askedAt: answer.askedAt } : answer
    if (failure?.retryAt) nextAt.set(question.key, failure.retryAt.getTime())
    await answers.learn([best])
    return best
  }

  /** At most once per 10 s and image, however many ask. */
  function checkOnce(question: Question): Promise<ImageAnswer | null> {
    const now = clock.now().getTime()
    const inFlight = running.get(question.key)
    if (inFlight) return inFlight
    if (now - (askedAt.get(question.key) ?? -Infinity) < freshMs) return Promise.resolve(answers.of(question.image, question.platform))
    askedAt.set(question.key, now)
    const asking = ask(question).finally(() => running.delete(question.key))
    running.set(question.key, asking)
    return asking
  }

  /** Up to 10 % sooner or later, so that images that were found together are not asked about together for ever. */
  const spread = (ms: number): number => ms * (0.9 + 0.2 * deps.random())

  function dueAt(question: Question): number {
    const known = nextAt.get(question.key)
    if (known !== undefined) return known
    const last = answers.of(question.image, question.platform)
    const at = last ? last.askedAt.getTime() + spread(deps.intervalMs) : clock.now().getTime()
    nextAt.set(question.key, at)
    return at
  }

  async function checkDue(question: Question): Promise<void> {
    const { key } = question
    const planned = clock.now().getTime() + spread(deps.intervalMs)
    nextAt.set(key, planned)
    const answer = await checkOnce(question)
    // Not if the registry has asked to wait until then.
    if (typeof answer?.error === 'string' && nextAt.get(key) === planned)
      nextAt.set(key, clock.now().getTime() + spread(Math.min(deps.intervalMs, afterFailureMs)))
  }

  return {
    /** Asks about what is due. Called again and again. */
    async tick(): Promise<void> {
      const uses = deps.uses()
      const now = clock.now().getTime()
      if (deps.intervalMs > 0)
        await Promise.all(
          questionsOf(uses, selfId)
            .filter((each) => dueAt(each) <= now)
            .map(checkDue),
        )
      await news.tell(uses)
    },

    /** Asks now about the images that an app uses, and tells its node. */
    async check(appId: string): Promise<void> {
      const all = deps.uses()
      const ofApp = all.filter((use) => use.appId === appId)
      const keys = new Set(questionsOf(ofApp, selfId).map(({ key }) => key))
      await Promise.all(
        questionsOf(all, selfId)
          .filter(({ key }) => keys.has(key))
          .map(checkOnce),
      )
      await news.tell(all)
    },

    /** Asks for the primary, and keeps the answer. */
    async askFor(question: { image: string; platform: string; digests: string[] }): Promise<ImageAnswer> {
      const { answer } = await askHere(question)
      await answers.learn([answer])
      return answers.of(question.image, question.platform) ?? answer
    },

    /** A node that starts again may have forgotten what it was told. */
    forgetNode: news.forgetNode,
  }
}

const nobodyAsked = (image: string, platform: string, askedAt: Date): ImageAnswer => ({
  ...{ image, platform, digest: null, same: [], foundAt: null, checkedAt: null, askedAt },
  error: 'Only the node that runs it can ask its registry, and it could not be asked',
})
