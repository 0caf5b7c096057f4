import type { CombinedError } from '@urql/core'

export interface FieldProblem {
  field: string
  message: string
}

/** What went wrong, in words for people. `fields` names the inputs at fault by the last part of their path. */
export interface Problem {
  code: string
  message: string
  fields: FieldProblem[]
}

/** For an answer with neither data nor error. */
export const emptyAnswer: Problem = { code: 'INTERNAL', message: 'The server sent an empty answer.', fields: [] }

const isField = (value: unknown): value is FieldProblem =>
  typeof value === 'object' && value !== null && 'field' in value && 'message' in value && typeof value.field === 'string'

const lastPart = (path: string): string => path.split('.').at(-1) ?? path

export function toProblem(error: CombinedError): Problem {
  const [first] = error.graphQLErrors
  if (!first) {
    const status = (error.response as Response | undefined)?.status
    const message = status ? `The server answered with HTTP status ${status}.` : 'The server did not answer. Is it running?'
    return { code: 'NO_ANSWER', message, fields: [] }
  }
  const { code, fields } = first.extensions
  return {
    code: typeof code === 'string' ? code : 'INTERNAL',
    message: first.message,
    fields: Array.isArray(fields) ? fields.filter(isField).map((f) => ({ field: lastPart(f.field), message: f.message })) : [],
  }
}
