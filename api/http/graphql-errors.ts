import { randomUUID } from 'node:crypto'
import { GraphQLError } from 'graphql'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import { storageError } from '../storage-error.ts'

/**
 * Passes expected errors and errors in the document unchanged. Anything else is a bug: it is logged with an id, and the client sees
 * only the id. Errors that were thrown have an originalError; errors in the document have none.
 */
export function maskError(error: unknown, log: Log): Error {
  if (!(error instanceof GraphQLError)) return masked(error, undefined, log)
  const cause = error.originalError
  if (cause === undefined || cause instanceof AppError || cause instanceof GraphQLError) return error
  // Coercion of variables and literals failed: the caller's error, with a message meant for the caller.
  if (error.path === undefined) return error
  const fromDisk = storageError(cause)
  if (fromDisk) return new GraphQLError(fromDisk.message, { ...placeOf(error), originalError: fromDisk })
  return masked(cause, error, log)
}

const placeOf = (error: GraphQLError | undefined) => (error ? { nodes: error.nodes ?? null, path: error.path ?? null } : {})

function masked(cause: unknown, error: GraphQLError | undefined, log: Log): GraphQLError {
  const requestId = randomUUID()
  const path = error?.path?.join('.')
  // Nobody reads the answer of a request that its caller gave up, such as the check of a file that someone is still typing.
  if (cause instanceof Error && cause.name === 'AbortError') log.debug({ requestId, path }, 'GraphQL request was given up')
  else log.error({ err: cause, requestId, path }, 'GraphQL request failed')
  return new GraphQLError(`Something went wrong on this server. Its log has details under ${requestId}`, {
    ...placeOf(error),
    extensions: { code: 'INTERNAL', requestId },
  })
}
