import { z } from '@hono/zod-openapi'
import { maxAnswerBytes, tooLarge } from '../../schema/answer-size.ts'
import { problemSchema } from './problem.ts'

/** Building blocks for route definitions. */

export const json = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  content: { 'application/json': { schema } },
  description,
})

export const problem = (description: string) => ({ content: { 'application/problem+json': { schema: problemSchema } }, description })

export const invalid = problem('A field is invalid. `fields` names each one')

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
  labels: labelSet.optional().openapi({ type: 'string', description: 'Only nodes with all of these labels, such as `env=lab,team=web`' }),
})

export const nodeIdsQuery = nodesQuery.extend({
  node_ids: z.string().optional().openapi({ description: 'Comma-separated node ids' }),
})

export const nodeQuery = z.object({ node_id: z.string().optional().openapi({ description: 'The node in question. Default: this node' }) })

export const listOf = (ids: string | undefined): string[] | undefined => ids?.split(',').filter(Boolean)

/**
 * A list that REST returns in one piece.
 *
 * @param weigh the approximate size of an item in bytes
 * @throws PAYLOAD_TOO_LARGE before anything is written, if the whole list exceeds the limit for one answer
 */
export function wholeList<T>(items: T[], weigh: (item: T) => number): T[] {
  let bytes = 0
  for (const item of items) {
    bytes += weigh(item)
    if (bytes > maxAnswerBytes) throw tooLarge(maxAnswerBytes, 'Ask for fewer nodes at once: ?node_ids=ID,ID or ?labels=env=lab')
  }
  return items
}
