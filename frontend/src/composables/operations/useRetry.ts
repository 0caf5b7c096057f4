import { retryOperation } from '../../graphql/documents/app-changes.ts'
import type { OperationItem } from '../../graphql/items.ts'
import { useMutate } from '../shared/useMutate.ts'
import { useResultToasts } from '../shared/useResultToasts.ts'
import { useOperations } from './useOperations.ts'

/** Does an operation again that did not succeed. */
export function useRetry(onBegun: (operation: OperationItem) => void) {
  const mutate = useMutate()
  const { failed } = useResultToasts()
  const { announce } = useOperations()

  return async ({ id }: OperationItem): Promise<void> => {
    const result = await mutate(retryOperation, { id })
    if (!result.ok) return failed({ title: 'The operation could not be repeated', description: result.problem.message })
    const { operation } = result.data.retryOperation
    announce(operation)
    onBegun(operation)
  }
}
