import { restoreVolumes } from '../../graphql/documents/app-changes.ts'
import { rollbackApp } from '../../graphql/documents/app-versions.ts'
import { useOperations } from '../operations/useOperations.ts'
import { picked, useMutate } from '../shared/useMutate.ts'

/** Goes back to an earlier version, or to earlier data. The operation is followed and then reported in a toast, unless the page shows it. */
export function useRollback() {
  const mutate = useMutate()
  const { announce } = useOperations()

  async function rollback(id: string, version: number, copyVolumes: boolean) {
    const outcome = picked(await mutate(rollbackApp, { id, version, copyVolumes }), (data) => data.rollbackApp.operation)
    if (outcome.ok) announce(outcome.data)
    return outcome
  }

  /** Replaces the volumes by the copy from before this version. */
  async function restore(id: string, version: number) {
    const outcome = picked(await mutate(restoreVolumes, { id, version }), (data) => data.restoreVolumes.operation)
    if (outcome.ok) announce(outcome.data)
    return outcome
  }

  return { rollback, restore }
}
