import type { RegisterNodeInput } from '../../graphql/generated/graphql.ts'
import { registerNode } from '../../graphql/documents/node-changes.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useMutate } from '../shared/useMutate.ts'
import { useResultToasts } from '../shared/useResultToasts.ts'

/** Adds a node by hand. Resolves to the server's refusal, if any. */
export function useNodeRegistration() {
  const mutate = useMutate()
  const { succeeded } = useResultToasts()

  return async (input: RegisterNodeInput): Promise<Problem | undefined> => {
    const result = await mutate(registerNode, { input })
    if (!result.ok) return result.problem
    const { name, status, statusReason } = result.data.registerNode
    const isOnline = status === 'ONLINE'
    succeeded({
      title: `${name} registered`,
      description: isOnline ? 'It is online.' : (statusReason ?? 'It has not answered yet.'),
      color: isOnline ? 'success' : 'warning',
      icon: 'i-lucide-server',
    })
    return undefined
  }
}
