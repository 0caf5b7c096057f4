import { isDeepStrictEqual } from 'node:util'
import type { z } from '@hono/zod-openapi'
import type { Context, MiddlewareHandler } from 'hono'
import { cut } from '../bounds.ts'
import { invalidInput, type FieldError } from '../errors.ts'
import type { HttpEnv } from './router.ts'

/** A body can have a hundred thousand. */
const mostNamed = 20
const longestName = 100

interface Known {
  /** Fields of the JSON body; left out where the body is not looked at. */
  body?: z.ZodObject
  query?: z.ZodObject
  /** What a PUT replaces, as GET shows it: its other fields can come along as they are. */
  current?: (c: Context<HttpEnv>) => object
  /** Fields of `current` that a caller can only mean to change when they differ. The others change by themselves. */
  fixed?: string[]
}

/**
 * Refuses what a route would ignore: a misspelled field, one of another version, and one that this call cannot change. A caller
 * who is told that all went well believes that all of it did.
 */
export function takesOnly({ body, query, current, fixed = [] }: Known): MiddlewareHandler<HttpEnv> {
  const unknownIn = (given: object, known: z.ZodObject, shown: object = {}): FieldError[] =>
    Object.keys(given)
      .filter((field) => !(field in known.shape) && !(field in shown))
      .map((field) => cut(field, longestName))
      .map((field) => ({ field, message: `There is no field "${field}" here. ${listed(Object.keys(known.shape))}` }))

  return async (c, next) => {
    const problems = query ? unknownIn(c.req.query(), query) : []
    const given: unknown = body ? await c.req.json().catch(() => null) : null
    if (body && isRecord(given)) {
      const shown = current ? asSent(current(c)) : {}
      problems.push(...unknownIn(given, body, shown))
      for (const field of fixed) {
        if (!(field in given) || isDeepStrictEqual(given[field], shown[field])) continue
        problems.push({ field, message: `is ${JSON.stringify(shown[field])} and cannot be changed here` })
      }
    }
    if (problems.length > 0) throw invalidInput(problems.slice(0, mostNamed))
    return next()
  }
}

const listed = (fields: string[]): string => (fields.length === 0 ? 'This request takes none' : `Known are ${fields.join(', ')}`)

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

const asSent = (value: object): Record<string, unknown> => JSON.parse(JSON.stringify(value)) as Record<string, unknown>
