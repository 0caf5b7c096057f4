import { z } from '@hono/zod-openapi'
import { bounds } from '../../bounds.ts'
import { fromWire, toWire } from '../../wire.ts'
import { answered, nothing, refused } from './declared-call.ts'

/** Calls about images at registries. The primary asks registries for the whole cluster, and knows how to sign in to them. */

const text = (most: number) => z.string().max(most)
const digest = text(bounds.digest)
const date = z.coerce.date().openapi({ type: 'string', format: 'date-time' })

const answerWire = z
  .object({
    image: text(bounds.container.image),
    platform: text(bounds.platform),
    digest: digest.nullable(),
    same: z.array(digest).max(50),
    found_at: date.nullable(),
    checked_at: date.nullable(),
    asked_at: date,
    error: text(bounds.app.imageError).nullable(),
  })
  .openapi('ImageAnswer')

const login = z.object({ registry: text(bounds.container.image), username: text(500), password: text(bounds.settingValue) })
const loginsWire = z.array(login).max(200)

const needs = () => 'image-updates' as const

export const imageCalls = {
  learnImages: answered({
    route: 'PUT /api/internal/images/answers',
    summary: 'Tells a node what registries said about the images that it runs',
    on: 'secondary',
    body: { schema: z.object({ answers: z.array(answerWire).max(100) }), description: 'At most 100 answers' },
    needs,
    refusals: refused,
    answer: { status: 204, description: 'The node has them', ...nothing },
  }),

  askRegistry: answered({
    route: 'POST /api/internal/images/check',
    summary: 'Asks the registry of an image for its primary, which cannot reach it',
    on: 'secondary',
    body: {
      schema: z.object({ image: text(bounds.container.image), platform: text(bounds.platform), digests: z.array(digest).max(50) }),
      description: 'The image, and the digests that nodes have of it',
    },
    needs,
    deadlineMs: 60_000,
    refusals: refused,
    answer: {
      status: 200,
      description: 'What the registry said, or why it could not be asked',
      schema: answerWire,
      write: (answer: z.input<typeof answerWire> | object) => toWire(answer),
      read(json: unknown) {
        const { data } = answerWire.safeParse(json)
        return data ? { value: fromWire(data) } : null
      },
    },
  }),

  registryLogins: answered({
    route: 'GET /api/internal/registry-logins',
    summary: 'How a node signs in to registries that it pulls from',
    on: 'primary',
    query: z.object({ registries: z.string().max(100_000).openapi({ description: 'Separated by commas' }) }),
    deadlineMs: 5000,
    refusals: refused,
    answer: {
      status: 200,
      description: 'Those of the registries that the primary has a login for, with passwords',
      isSecret: true,
      schema: loginsWire,
      write: (logins: z.infer<typeof login>[]) => logins,
      read(json: unknown) {
        const { data } = loginsWire.safeParse(json)
        return data ? { value: data } : null
      },
    },
  }),
}
