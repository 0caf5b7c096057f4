import type { RegisterNodeInput } from '../../graphql/generated/graphql.ts'
import { registerNode } from '../../graphql/documents/node-changes.ts'
import type { Problem } from '../../graphql/problem.ts'
import { refusalIn, useMutate } from '../shared/useMutate.ts'

/** Adds a node by hand. Resolves to the server's refusal, if any. */
export function useNodeRegistration() {
  const mutate = useMutate()
  return async (input: RegisterNodeInput): Promise<Problem | undefined> => refusalIn(await mutate(registerNode, { input }))
}
