import { cut } from '../bounds.ts'
import type { Clock } from '../clock.ts'
import type { EntityManager } from '../db/orm.ts'
import { ImageAnswerEntity, type ImageAnswer } from './image-answer.entity.ts'

export type { ImageAnswer } from './image-answer.entity.ts'

/** An image that nobody has asked about for this long is in no app any more. */
const keptMs = 60 * 24 * 3_600_000
const longestError = 500

export type ImageAnswers = ReturnType<typeof createImageAnswers>

/** What registries have said, by image and platform. */
export function createImageAnswers(deps: { em: EntityManager; clock: Clock; onChange: () => void }) {
  const { em, clock } = deps
  const known = new Map<string, ImageAnswer>()
  const keyOf = (image: string, platform: string): string => `${image} ${platform}`

  /** The last success stays beside a failure. A digest keeps the time at which it was first seen. */
  function merged(answer: ImageAnswer): ImageAnswer {
    const before = known.get(keyOf(answer.image, answer.platform))
    if (answer.error !== null) {
      const { digest = null, same = [], foundAt = null, checkedAt = null } = before ?? {}
      return { ...answer, digest, same, foundAt, checkedAt, error: cut(answer.error, longestError) }
    }
    const seenAt = before?.digest === answer.digest ? before?.foundAt : null
    return { ...answer, foundAt: seenAt ?? answer.foundAt ?? answer.askedAt }
  }

  return {
    async start(): Promise<void> {
      const fork = em.fork()
      await fork.nativeDelete(ImageAnswerEntity, { askedAt: { $lt: new Date(clock.now().getTime() - keptMs) } })
      for (const row of await fork.find(ImageAnswerEntity, {})) known.set(keyOf(row.image, row.platform), { ...row })
    },

    of: (image: string, platform: string): ImageAnswer | null => known.get(keyOf(image, platform)) ?? null,

    /** Takes over what is newer than what is known. */
    async learn(answers: ImageAnswer[]): Promise<void> {
      const newer = answers.filter(
        ({ image, platform, askedAt }) => !(askedAt <= (known.get(keyOf(image, platform))?.askedAt ?? new Date(0))),
      )
      const rows = newer.map(merged)
      if (rows.length === 0) return
      await em.fork().upsertMany(ImageAnswerEntity, rows)
      for (const row of rows) known.set(keyOf(row.image, row.platform), row)
      deps.onChange()
    },
  }
}
