import { useDebounceFn, useIntervalFn } from '@vueuse/core'
import { computed, watch } from 'vue'
import type { Ref } from 'vue'
import { failedOperationsQuery, recentEventsQuery, recentUsageQuery } from '../../graphql/documents/overview.ts'
import type { OperationItem } from '../../graphql/items.ts'
import { usageRow } from '../../utils/overview/usage-rows.ts'
import { useUsageByNode } from '../monitoring/useUsageByNode.ts'
import { useOperations } from '../operations/useOperations.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'

/** Changes come in bursts. */
const readAgainAfterMs = 1000
/** A step of the stored history. */
const usageEveryMs = 300_000
export const usageHours = 6

/** What happened last, and what failed and was not repeated since. @param news differs whenever something changed */
export function useRecent(news: Readonly<Ref<string>>) {
  const events = useLiveQuery(recentEventsQuery, { first: 12 })
  const failures = useLiveQuery(failedOperationsQuery, {})
  const { follow, latest, inSight } = useOperations()
  const readSoon = useDebounceFn(
    () => {
      events.retry()
      failures.retry()
    },
    readAgainAfterMs,
    { maxWait: 3 * readAgainAfterMs },
  )
  watch(news, () => void readSoon())

  const recent = computed(() =>
    (events.data.value?.recentEvents ?? []).map((event) => ({
      ...event,
      operation: event.operation && (latest(event.operation.id) ?? event.operation),
    })),
  )
  inSight(({ id }) => recent.value.some(({ operation }) => operation?.id === id))
  // So that they move here, too.
  watch(recent, (list) => list.forEach(({ operation }) => operation && follow(operation)), { immediate: true })

  return {
    state: events.state,
    problem: events.problem,
    retry: events.retry,
    recent,
    failed: computed<OperationItem[]>(() => failures.data.value?.operations.nodes ?? []),
  }
}

/** What the busiest nodes used in the last hours, there when the page opens, and what they use now. */
export function useRecentUsage() {
  const { state, data, problem, retry } = useLiveQuery(recentUsageQuery, { hours: usageHours, first: 6 })
  useIntervalFn(retry, usageEveryMs)
  const live = useUsageByNode()
  const rows = computed(() => (data.value?.recentUsage ?? []).map((each) => usageRow(each, live.value.get(each.node.id))))
  return { state, rows, problem, retry }
}
