import { onScopeDispose, watch } from 'vue'
import type { Ref } from 'vue'
import { operationProgress } from '../../graphql/documents/operations.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'
import { isFinal } from '../../utils/operations/operation-words.ts'

/** Calls `onEnd` when one of these operations ends, for lists that show how it ended. */
export function useOperationEnds(ids: Readonly<Ref<string[]>>, onEnd: () => void): void {
  const { client } = useServerConnection()
  const stops = new Map<string, () => void>()

  function follow(id: string): void {
    const subscription = client.subscription(operationProgress, { id }).subscribe(({ data }) => {
      if (data && isFinal(data.operationProgress)) onEnd()
    })
    stops.set(id, () => subscription.unsubscribe())
  }

  watch(
    ids,
    (now) => {
      for (const [id, stop] of stops) {
        if (now.includes(id)) continue
        stop()
        stops.delete(id)
      }
      for (const id of now) if (!stops.has(id)) follow(id)
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    for (const stop of stops.values()) stop()
  })
}
