import type { Client } from '@urql/core'
import { onScopeDispose } from 'vue'
import { operationProgress } from '../../graphql/documents/operations.ts'
import type { OperationFieldsFragment } from '../../graphql/generated/graphql.ts'
import { isFinal } from '../../utils/operations/operation-words.ts'

/** Subscribes to each operation it is given until the operation ends, once however often it is given. */
export function createOperationFollower(client: Client, onProgress: (operation: OperationFieldsFragment) => void) {
  const stops = new Map<string, () => void>()

  function stop(id: string): void {
    stops.get(id)?.()
    stops.delete(id)
  }

  onScopeDispose(() => {
    for (const each of stops.values()) each()
  })

  return (operation: OperationFieldsFragment): void => {
    const { id } = operation
    if (isFinal(operation) || stops.has(id)) return
    stops.set(id, () => {})
    const subscription = client.subscription(operationProgress, { id }).subscribe(({ data }) => {
      if (!data) return
      if (isFinal(data.operationProgress)) stop(id)
      onProgress(data.operationProgress)
    })
    // The last progress can arrive before `subscribe` returns.
    if (stops.has(id)) stops.set(id, () => subscription.unsubscribe())
    else subscription.unsubscribe()
  }
}
