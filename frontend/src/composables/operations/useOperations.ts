import { useToast } from '@nuxt/ui/composables'
import { computed, inject, onScopeDispose, provide, shallowReactive, shallowRef } from 'vue'
import type { InjectionKey } from 'vue'
import type { OperationFieldsFragment } from '../../graphql/generated/graphql.ts'
import { cancelOperation, operationProgress } from '../../graphql/documents/operations.ts'
import { operationTitle } from '../../utils/operations/operation-words.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'
import { useMutate } from '../shared/useMutate.ts'

export type OperationItem = OperationFieldsFragment

export const isFinal = ({ status }: Pick<OperationItem, 'status'>): boolean => status !== 'QUEUED' && status !== 'RUNNING'

type Operations = ReturnType<typeof provideOperations>
const operationsKey: InjectionKey<Operations> = Symbol('operations')

/** Follows operations for the whole dashboard, so people can leave a page while one runs. Called once, by the shell. */
export function provideOperations() {
  const { client } = useServerConnection()
  const mutate = useMutate()
  const toast = useToast()
  const latest = shallowReactive(new Map<string, OperationItem>())
  const stops = new Map<string, () => void>()
  const announced = new Set<string>()
  const shownId = shallowRef<string>()

  function settle(operation: OperationItem): void {
    stops.get(operation.id)?.()
    stops.delete(operation.id)
    // No toast for the operation in the open panel, which shows how it ended.
    if (!announced.delete(operation.id) || shownId.value === operation.id) return
    const ok = operation.status === 'SUCCEEDED'
    toast.add({
      title: operationTitle(operation),
      description: ok ? undefined : (operation.error ?? operation.message ?? undefined),
      color: ok ? 'success' : 'error',
      icon: ok ? 'i-lucide-circle-check' : 'i-lucide-circle-x',
      actions: ok ? undefined : [{ label: 'Show output', color: 'neutral', variant: 'outline', onClick: () => show(operation) }],
    })
  }

  /** Keeps an operation current until its final state. */
  function follow(operation: OperationItem): void {
    if (isFinal(operation) || stops.has(operation.id)) return
    stops.set(operation.id, () => {})
    const subscription = client.subscription(operationProgress, { id: operation.id }).subscribe(({ data }) => {
      if (!data) return
      latest.set(operation.id, data.operationProgress)
      if (isFinal(data.operationProgress)) settle(data.operationProgress)
    })
    if (stops.has(operation.id)) stops.set(operation.id, () => subscription.unsubscribe())
    else subscription.unsubscribe()
  }

  /** For an operation started here: follows it and reports how it ended. */
  function announce(operation: OperationItem): void {
    announced.add(operation.id)
    latest.set(operation.id, operation)
    if (isFinal(operation)) settle(operation)
    else follow(operation)
  }

  function show(operation: OperationItem): void {
    latest.set(operation.id, latest.get(operation.id) ?? operation)
    shownId.value = operation.id
    follow(operation)
  }

  async function cancel(operation: OperationItem): Promise<void> {
    const result = await mutate(cancelOperation, { id: operation.id })
    if (!result.ok)
      toast.add({
        title: 'The operation could not be cancelled',
        description: result.problem.message,
        color: 'error',
        icon: 'i-lucide-circle-x',
      })
  }

  onScopeDispose(() => {
    for (const stop of stops.values()) stop()
  })

  const shown = computed(() => (shownId.value ? latest.get(shownId.value) : undefined))
  const operations = { shown, follow, announce, show, cancel, hide: () => (shownId.value = undefined) }
  provide(operationsKey, operations)
  return operations
}

export function useOperations(): Operations {
  const operations = inject(operationsKey)
  if (!operations) throw new Error('provideOperations was not called in a parent component')
  return operations
}
