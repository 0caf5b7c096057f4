import type { IncomingMessage, ServerResponse } from 'node:http'
import { OpenAPIHono } from '@hono/zod-openapi'
import type { Actor } from '../auth/audit-log.ts'
import { invalidInput } from '../errors.ts'
import type { UserApi } from '../user/user-api.ts'

export interface HttpEnv {
  Bindings: { incoming: IncomingMessage; outgoing: ServerResponse }
  Variables: {
    /** On the node surface: the id of the calling node. */
    callerId: string
    /** Who asks through the calling node: a person, as far as that node says, or the node itself. */
    by: string
    /** On the node surface: who acts, for the audit log. */
    actor: Actor
    /** On the user surface: what the caller can see and do. */
    user: UserApi
  }
}

export type Router = OpenAPIHono<HttpEnv>

/** A router whose input errors are INVALID_INPUT with one entry per field. */
export const createRouter = (): Router =>
  new OpenAPIHono<HttpEnv>({
    defaultHook(result) {
      if (result.success) return
      throw invalidInput(
        result.error.issues.map((issue) => ({
          field: issue.path.join('.') || 'body',
          message: issue.code === 'invalid_type' ? typeProblem(valueAt(result, issue.path), issue.expected) : issue.message,
        })),
      )
    },
  })

const typeProblem = (value: unknown, expected: string): string => (value === undefined ? 'is required' : `must be of type ${expected}`)

/** The validator passes its hook the original input, although the hook's type does not declare it. */
function valueAt(result: object, path: PropertyKey[]): unknown {
  const input: unknown = 'data' in result ? result.data : undefined
  return path.reduce((value, key) => (value as Record<PropertyKey, unknown> | null | undefined)?.[key], input)
}
