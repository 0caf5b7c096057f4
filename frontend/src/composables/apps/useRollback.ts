import { rollbackApp } from '../../graphql/documents/app-versions.ts'
import { useOperations } from '../operations/useOperations.ts'
import { picked, useMutate } from '../shared/useMutate.ts'

/** Goes back to an earlier version. The operation is followed and then reported in a toast, unless the page shows it. */
export function useRollback() {
  const mutate = useMutate()
  const { announce } = useOperations()

  async function rollback(id: string, version: number) {
    const outcome = picked(await mutate(rollbackApp, { id, version }), (data) => data.rollbackApp.operation)
    if (outcome.ok) announce(outcome.data)
    return outcome
  }

  return { rollback }
}
