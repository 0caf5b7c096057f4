import type { AnyVariables, TypedDocumentNode } from '@urql/core'
import { emptyAnswer, toProblem } from '../../graphql/problem.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useServerConnection } from './useServerConnection.ts'

export type Outcome<Data> = { ok: true; data: Data } | { ok: false; problem: Problem }
export type Mutate = ReturnType<typeof useMutate>

/** Sends a mutation. A refusal comes back as a value, never as an exception. */
export function useMutate() {
  const { client } = useServerConnection()
  return async <Data, Variables extends AnyVariables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<Outcome<Data>> => {
    const { data, error } = await client.mutation(document, variables).toPromise()
    if (data && !error) return { ok: true, data }
    return { ok: false, problem: error ? toProblem(error) : emptyAnswer }
  }
}

/** The refusal, which people see where they asked. What succeeded shows on the page by itself. */
export const refusalIn = (outcome: Outcome<unknown>): Problem | undefined => (outcome.ok ? undefined : outcome.problem)

/** The interesting part of an answer, or the refusal unchanged. */
export const picked = <Data, Part>(outcome: Outcome<Data>, pick: (data: Data) => Part): Outcome<Part> =>
  outcome.ok ? { ok: true, data: pick(outcome.data) } : outcome
