import type { Client } from '@urql/core'
import { computed, inject, onScopeDispose, provide, shallowReactive, shallowRef } from 'vue'
import type { InjectionKey } from 'vue'
import { cancelOperation, operationQuery } from '../../graphql/documents/operations.ts'
import type { OperationItem } from '../../graphql/items.ts'
import { keepOperations, readKeptOperations } from '../../utils/operations/kept-operations.ts'
import { isFinal, operationTitle } from '../../utils/operations/operation-words.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'
import { useMutate } from '../shared/useMutate.ts'
import { useResultToasts } from '../shared/useResultToasts.ts'
import type { ResultToast } from '../shared/useResultToasts.ts'
import { createOperationFollower } from './operation-follower.ts'

type Operations = ReturnType<typeof provideOperations>
const operationsKey: InjectionKey<Operations> = Symbol('operations')

const failureToast = (operation: OperationItem): ResultToast => ({
  title: operationTitle(operation),
  description: operation.error ?? operation.message ?? undefined,
  actions: operation.appId ? [{ label: 'Show output', color: 'neutral', variant: 'outline', to: `/apps/${operation.appId}/activity` }] : [],
})

/** The page of a removed app closes, so its end is told elsewhere. */
const isRemoved = ({ kind, status }: OperationItem): boolean => kind === 'REMOVE' && status === 'SUCCEEDED'

function useCancelling() {
  const mutate = useMutate()
  const { failed } = useResultToasts()
  return async ({ id }: OperationItem): Promise<void> => {
    const result = await mutate(cancelOperation, { id })
    if (!result.ok) failed({ title: 'The operation could not be cancelled', description: result.problem.message })
  }
}

/** Which operations this tab follows. A reload knows them again. */
function useKept() {
  const kept = readKeptOperations()
  const announced = new Set(kept.announced)
  const shownId = shallowRef(kept.shown ?? undefined)
  const keep = (): void => keepOperations({ announced: [...announced], shown: shownId.value ?? null })
  return {
    shownId,
    ids: (): string[] => [...new Set([...announced, shownId.value ?? []].flat())],
    show(id: string | undefined): void {
      shownId.value = id
      keep()
    },
    announce(id: string): void {
      announced.add(id)
      keep()
    },
    /** @returns whether it was to be told */
    forget(id: string): boolean {
      const wasAnnounced = announced.delete(id)
      keep()
      return wasAnnounced
    },
  }
}

/** What the pages that are open show by themselves. */
function useSight() {
  const sights = new Set<(operation: OperationItem) => boolean>()
  return {
    isInSight: (operation: OperationItem): boolean => !isRemoved(operation) && [...sights].some((shows) => shows(operation)),
    /** For a page: which operations people see succeed there, so that no toast has to say it. As long as the page is open. */
    inSight(shows: (operation: OperationItem) => boolean): void {
      sights.add(shows)
      onScopeDispose(() => sights.delete(shows))
    },
  }
}

/** After a reload. The server may have forgotten some. */
function comeBackTo(ids: string[], client: Client, onFound: (operation: OperationItem) => void): void {
  for (const id of ids) {
    const answer = client.query(operationQuery, { id }, { requestPolicy: 'network-only' }).toPromise()
    void answer.then(({ data }) => data?.operation && onFound(data.operation))
  }
}

/** Follows operations for the whole dashboard, so people can leave a page while one runs. Called once, by the shell. */
export function provideOperations() {
  const { client } = useServerConnection()
  const { failed, succeeded } = useResultToasts()
  const cancel = useCancelling()
  const latest = shallowReactive(new Map<string, OperationItem>())
  const { shownId, show: showId, announce: announceId, forget, ids } = useKept()
  const { isInSight, inSight } = useSight()

  function take(operation: OperationItem): void {
    latest.set(operation.id, operation)
    if (isFinal(operation)) tellEnd(operation)
  }
  const follow = createOperationFollower(client, take)

  comeBackTo(ids(), client, (operation) => {
    take(operation)
    follow(operation)
  })

  function tellEnd(operation: OperationItem): void {
    // No toast for an operation that the page shows.
    if (!forget(operation.id) || (shownId.value === operation.id && !isRemoved(operation))) return
    if (operation.status === 'SUCCEEDED' && isInSight(operation)) return
    if (operation.status === 'SUCCEEDED') succeeded({ title: operationTitle(operation), icon: 'i-lucide-circle-check' })
    else failed(failureToast(operation))
  }

  /** For an operation started here: follows it and reports how it ended. */
  function announce(operation: OperationItem): void {
    announceId(operation.id)
    take(operation)
    follow(operation)
  }

  /** For an app's page, which shows how this operation goes. */
  function show(operation: OperationItem): void {
    latest.set(operation.id, latest.get(operation.id) ?? operation)
    showId(operation.id)
    follow(operation)
  }

  const shown = computed(() => (shownId.value ? latest.get(shownId.value) : undefined))
  const operations = {
    ...{ latest: (id: string) => latest.get(id), hide: () => showId(undefined), shown, follow, announce, show, cancel, inSight },
  }
  provide(operationsKey, operations)
  return operations
}

export function useOperations(): Operations {
  const operations = inject(operationsKey)
  if (!operations) throw new Error('provideOperations was not called in a parent component')
  return operations
}
