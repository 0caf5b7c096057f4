import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** What a registry said about an image on one platform, so that it is known after a restart without asking again. */
export const ImageAnswerEntity = defineEntity({
  name: 'ImageAnswer',
  tableName: 'image_answers',
  properties: {
    image: p.string().primary(),
    platform: p.string().primary(),
    digest: p.text().strictNullable(),
    same: p.json<string[]>(),
    foundAt: p.datetime().strictNullable(),
    checkedAt: p.datetime().strictNullable(),
    askedAt: p.datetime(),
    error: p.text().strictNullable(),
  },
})

export type ImageAnswer = InferEntity<typeof ImageAnswerEntity>
