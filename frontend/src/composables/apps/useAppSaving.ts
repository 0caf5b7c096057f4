import { createApp, updateApp } from '../../graphql/documents/app-changes.ts'
import type { CreateAppInput, UpdateAppInput } from '../../graphql/generated/graphql.ts'
import type { OperationItem } from '../../graphql/items.ts'
import { useOperations } from '../operations/useOperations.ts'
import { picked, useMutate } from '../shared/useMutate.ts'
import type { Outcome } from '../shared/useMutate.ts'

/** Creates and updates apps from forms, which show a refusal themselves. The operation is followed and then reported in a toast. */
export function useAppSaving() {
  const mutate = useMutate()
  const { announce } = useOperations()

  function followed(outcome: Outcome<OperationItem>): Outcome<OperationItem> {
    if (outcome.ok) announce(outcome.data)
    return outcome
  }

  return {
    create: async (nodeId: string, input: CreateAppInput) =>
      followed(picked(await mutate(createApp, { nodeId, input }), (data) => data.createApp.operation)),
    update: async (id: string, input: UpdateAppInput) =>
      followed(picked(await mutate(updateApp, { id, input }), (data) => data.updateApp.operation)),
  }
}
