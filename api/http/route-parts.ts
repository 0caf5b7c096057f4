import { z } from '@hono/zod-openapi'
import { maxAnswerBytes, tooLarge } from '../../schema/answer-size.ts'
import { problemSchema } from './problem.ts'

/** What descriptions of routes are put together from. */

export const json = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  content: { 'application/json': { schema } },
  description,
})

export const problem = (description: string) => ({ content: { 'application/problem+json': { schema: problemSchema } }, description })

export const idParam = z.object({ id: z.string().openapi({ description: 'UUID' }) })

export const invalid = problem('A field is wrong; `fields` names each')

const labelSet = z
  .string()
  .regex(/^[^=,]+=[^=,]+(,[^=,]+=[^=,]+)*$/, 'must be labels such as env=lab,team=web')
  .transform((text) =>
    text.split(',').map((pair) => {
      const [key = '', value = ''] = pair.split('=')
      return { key, value }
    }),
  )

export const nodesQuery = z.object({
  labels: labelSet.optional().openapi({ type: 'string', description: 'Labels such as `env=lab,team=web`: of nodes that have all of them' }),
})

export const nodeIdsQuery = nodesQuery.extend({
  node_ids: z.string().optional().openapi({ description: 'Comma-separated node ids' }),
})

export const listOf = (ids: string | undefined): string[] | undefined => ids?.split(',').filter(Boolean)

/**
 * A list that REST answers as a whole.
 * @param weigh about how many bytes an item becomes
 * @throws PAYLOAD_TOO_LARGE before any of it is written, when all of it is more than one answer may have
 */
export function wholeList<T>(items: T[], weigh: (item: T) => number): T[] {
  let bytes = 0
  for (const item of items) {
    bytes += weigh(item)
    if (bytes > maxAnswerBytes) throw tooLarge(maxAnswerBytes, 'Ask for some nodes at once: ?node_ids=ID,ID or ?labels=env=lab')
  }
  return items
}
