import { recreateApp } from '../../graphql/documents/import.ts'
import { useOperations } from '../operations/useOperations.ts'
import { picked, useMutate } from '../shared/useMutate.ts'

/** Makes an app of a node that is down again on another one. */
export function useRecreate() {
  const mutate = useMutate()
  const { announce } = useOperations()

  return async (id: string, nodeId: string) => {
    const outcome = picked(await mutate(recreateApp, { id, nodeId }), (data) => data.recreateApp.operation)
    if (outcome.ok) announce(outcome.data)
    return outcome
  }
}
