import { isDeepStrictEqual } from 'node:util'
import { z } from '@hono/zod-openapi'
import type { Context, MiddlewareHandler } from 'hono'
import { cut } from '../bounds.ts'
import { AppError, invalidInput, type FieldError } from '../errors.ts'
import type { HttpEnv } from './router.ts'

/** A body can have a hundred thousand unknown fields, so only the first ones are named. */
const mostNamed = 20
const longestName = 100

const record = z.record(z.string(), z.unknown())

interface Known {
  /** Fields of the JSON body. Without this, the body is not checked. */
  body?: z.ZodObject
  query?: z.ZodObject
  /** The current state as GET returns it. A PUT can send its other fields back unchanged. */
  current?: (c: Context<HttpEnv>) => object
  /** Fields of `current` that must not differ, because a difference means an attempt to change them. Others change on their own. */
  fixed?: string[]
}

/**
 * Refuses fields that a route would ignore: misspelled ones, ones from another version, and ones that this call cannot change.
 * Otherwise a success would suggest that they took effect.
 */
export function takesOnly({ body, query, current, fixed = [] }: Known): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    const problems = query ? [...unknownIn(c.req.query(), query, { says: 'is not a known query parameter' }), ...repeatedIn(c, query)] : []
    const given: unknown = body ? await c.req.json().catch(() => null) : null
    const fields = body ? record.safeParse(given).data : undefined
    if (body && fields) {
      const shown = current ? shownTo(c, current) : {}
      // The route itself says that there is no such thing, or that the caller may not change it.
      if (shown === null) return next()
      problems.push(...unknownIn(fields, body, { says: 'is not a known field', shown }))
      for (const field of fixed) {
        if (!(field in fields) || isDeepStrictEqual(fields[field], shown[field])) continue
        problems.push({ field, message: `is ${JSON.stringify(shown[field])} and cannot be changed here` })
      }
    }
    if (problems.length > 0) throw invalidInput(problems.slice(0, mostNamed))
    return next()
  }
}

/** Parameters that are given more than once although they have one value: all but one would be ignored. */
function repeatedIn(c: Context<HttpEnv>, query: z.ZodObject): FieldError[] {
  return Object.entries(query.shape).flatMap(([field, schema]) => {
    const isList = plain(schema) instanceof z.ZodArray
    return isList || (c.req.queries(field) ?? []).length <= 1 ? [] : [{ field, message: 'is given more than once. Give it once' }]
  })
}

/** What is inside of `.optional()` and the like. */
function plain(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault) return plain(schema.unwrap())
  return schema
}

interface Place {
  says: string
  /** Fields that are known besides. */
  shown?: object
  /** Before the name of a field that is not at the top, such as `files[0].`. */
  within?: string
}

function unknownIn(given: object, known: z.ZodObject, { says, shown = {}, within = '' }: Place): FieldError[] {
  return Object.entries(given).flatMap(([name, value]) => {
    const field = `${within}${cut(name, longestName)}`
    const schema = known.shape[name]
    if (schema) return inside(value, schema, says, field)
    return name in shown ? [] : [{ field, message: `${says}. ${listed(Object.keys(known.shape))}` }]
  })
}

/** What is unknown in the parts of a known field. A part of another shape than expected is for the route to refuse. */
function inside(value: unknown, wrapped: z.core.$ZodType, says: string, field: string): FieldError[] {
  const schema = plain(wrapped)
  if (schema instanceof z.ZodArray && Array.isArray(value))
    return value.flatMap((item: unknown, index) => inside(item, schema.element, says, `${field}[${index}]`))
  const fields = schema instanceof z.ZodObject ? record.safeParse(value).data : undefined
  return schema instanceof z.ZodObject && fields ? unknownIn(fields, schema, { says, within: `${field}.` }) : []
}

function shownTo(c: Context<HttpEnv>, current: (c: Context<HttpEnv>) => object): Record<string, unknown> | null {
  try {
    return asSent(current(c))
  } catch (error) {
    if (error instanceof AppError && (error.code === 'NOT_FOUND' || error.code === 'FORBIDDEN')) return null
    throw error
  }
}

const listed = (fields: string[]): string =>
  fields.length === 0 ? 'This request takes no fields' : `This request takes ${fields.join(', ')}`

const asSent = (value: object): Record<string, unknown> => JSON.parse(JSON.stringify(value)) as Record<string, unknown>
