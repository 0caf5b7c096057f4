import { z } from '@hono/zod-openapi'
import { problemSchema } from './problem.ts'

/** What descriptions of routes are put together from. */

export const json = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  content: { 'application/json': { schema } },
  description,
})

export const problem = (description: string) => ({ content: { 'application/problem+json': { schema: problemSchema } }, description })

export const idParam = z.object({ id: z.string().openapi({ description: 'UUID' }) })

export const invalid = problem('A field is wrong; `fields` names each')

export const nodeIdsQuery = z.object({ node_ids: z.string().optional().openapi({ description: 'Comma-separated node ids' }) })

export const listOf = (ids: string | undefined): string[] | undefined => ids?.split(',').filter(Boolean)
