import { computed, onScopeDispose, toValue, watch } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import type { OperationItem } from '../../graphql/items.ts'
import { isFinal } from '../../utils/operations/operation-words.ts'
import { useOperations } from './useOperations.ts'

/**
 * The operation that an app's page shows: the one that runs, then how it ended, until somebody closes it.
 * @param operations newest first
 */
export function useShownOperation(appId: MaybeRefOrGetter<string>, operations: MaybeRefOrGetter<OperationItem[]>) {
  const { shown, show, hide, cancel } = useOperations()
  // The oldest of those that have not ended runs now; the others wait for it.
  const running = computed(() => toValue(operations).findLast((operation) => !isFinal(operation)))

  watch(
    () => running.value?.id,
    () => running.value && show(running.value),
    { immediate: true },
  )
  watch(() => toValue(appId), hide)
  onScopeDispose(hide)

  return { shown: computed(() => (shown.value?.appId === toValue(appId) ? shown.value : undefined)), show, hide, cancel }
}
