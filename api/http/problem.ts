import { randomUUID } from 'node:crypto'
import { z } from '@hono/zod-openapi'
import type { ErrorHandler, NotFoundHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import { storageError } from '../storage-error.ts'

/** RFC 9457. `code` is one of the codes in errors.ts. `fields` names invalid fields as the caller wrote them. */
export const problemSchema = z
  .object({
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().optional(),
    fields: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
    request_id: z.string().optional(),
  })
  .openapi('Problem')

export type Problem = z.infer<typeof problemSchema>

const titles: Record<number, string> = {
  400: 'Bad request',
  401: 'Unauthenticated',
  403: 'Forbidden',
  421: 'Misdirected request',
  429: 'Too many requests',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  413: 'Content too large',
  415: 'Unsupported media type',
  422: 'Refused by policy',
  500: 'Internal error',
  501: 'Not supported',
  503: 'Unavailable',
  507: 'Disk full',
}

export function problemResponse(problem: Omit<Problem, 'title'> & { title?: string }): Response {
  const body: Problem = { title: problem.title ?? titles[problem.status] ?? 'Error', ...problem }
  return new Response(JSON.stringify(body), { status: problem.status, headers: { 'content-type': 'application/problem+json' } })
}

const toSnake = (field: string): string => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Passes expected errors to the caller. Anything else is a bug: logged with an id, and the caller sees only the id. */
export const errorToProblem =
  (log: Log): ErrorHandler =>
  (thrown, c) => {
    const error = storageError(thrown) ?? thrown
    if (error instanceof AppError) {
      const fields = error.fields.map(({ field, message }) => ({ field: toSnake(field), message }))
      const response = problemResponse({
        status: error.status,
        detail:
          error.code === 'INVALID_INPUT' && fields.length > 0
            ? fields.map(({ field, message }) => `${field}: ${message}`).join('; ')
            : error.message,
        code: error.code,
        ...(fields.length > 0 ? { fields } : {}),
      })
      // The rest of the body is not read, so this connection cannot carry another request.
      if (error.code === 'PAYLOAD_TOO_LARGE') response.headers.set('connection', 'close')
      if (error.retryAfterSeconds !== undefined) response.headers.set('retry-after', String(error.retryAfterSeconds))
      return response
    }
    if (error instanceof HTTPException)
      return problemResponse({
        status: error.status,
        detail: error.message || 'The request is malformed',
        ...(error.status === 400 ? { code: 'INVALID_INPUT' as const } : {}),
      })
    const requestId = randomUUID()
    log.error({ err: error, requestId, method: c.req.method, path: c.req.path }, 'request failed')
    return problemResponse({
      status: 500,
      detail: `Something went wrong on this server. Its log has details under ${requestId}`,
      request_id: requestId,
    })
  }

export const notFoundProblem: NotFoundHandler = (c) => problemResponse({ status: 404, detail: `There is nothing at ${c.req.path}` })
