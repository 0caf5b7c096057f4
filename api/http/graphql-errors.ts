import { randomUUID } from 'node:crypto'
import { GraphQLError } from 'graphql'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import { storageError } from '../storage-error.ts'

/**
 * Expected errors and faults of the document itself pass as they are; a bug is logged under an id and says nothing more.
 * Source of the distinction: an error that was thrown has an originalError.
 */
export function maskError(error: unknown, log: Log): Error {
  if (!(error instanceof GraphQLError)) return masked(error, undefined, log)
  const cause = error.originalError
  if (cause === undefined || cause instanceof AppError || cause instanceof GraphQLError) return error
  // Coercion of variables and literals: the caller's fault, in words meant for the caller.
  if (error.path === undefined) return error
  const fromDisk = storageError(cause)
  if (fromDisk) return new GraphQLError(fromDisk.message, { ...placeOf(error), originalError: fromDisk })
  return masked(cause, error, log)
}

const placeOf = (error: GraphQLError | undefined) => (error ? { nodes: error.nodes ?? null, path: error.path ?? null } : {})

function masked(cause: unknown, error: GraphQLError | undefined, log: Log): GraphQLError {
  const requestId = randomUUID()
  log.error({ err: cause, requestId, path: error?.path?.join('.') }, 'GraphQL request failed')
  return new GraphQLError(`Something went wrong here. The log has more under ${requestId}`, {
    ...placeOf(error),
    extensions: { code: 'INTERNAL', requestId },
  })
}
