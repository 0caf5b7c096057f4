import type { AnyVariables, TypedDocumentNode } from '@urql/core'
import { toProblem } from '../../graphql/problem.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useServerConnection } from './useServerConnection.ts'

export type Outcome<Data> = { ok: true; data: Data } | { ok: false; problem: Problem }

/** Sends a mutation. A refusal comes back as a value, never as an exception. */
export function useMutate() {
  const { client } = useServerConnection()
  return async <Data, Variables extends AnyVariables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<Outcome<Data>> => {
    const { data, error } = await client.mutation(document, variables).toPromise()
    if (data && !error) return { ok: true, data }
    return { ok: false, problem: error ? toProblem(error) : { code: 'INTERNAL', message: 'The server sent an empty answer.', fields: [] } }
  }
}
