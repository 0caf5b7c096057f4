import { onScopeDispose, shallowRef } from 'vue'
import { nodeUsageChanged } from '../../graphql/documents/monitoring.ts'
import type { NodeUsageItem } from '../../graphql/items.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'

/** Many nodes measure at about the same time. One drawing shows a burst of them. */
const burstMs = 250

/** What every node uses, by its id, as often as nodes measure by themselves. */
export function useUsageByNode() {
  const { client } = useServerConnection()
  const usage = shallowRef(new Map<string, NodeUsageItem>())
  const news = new Map<string, NodeUsageItem>()
  let timer: ReturnType<typeof setTimeout> | undefined

  function show(): void {
    timer = undefined
    usage.value = new Map([...usage.value, ...news])
    news.clear()
  }

  const subscription = client.subscription(nodeUsageChanged, {}).subscribe(({ data }) => {
    if (!data) return
    news.set(data.nodeStatsChanged.nodeId, data.nodeStatsChanged)
    timer ??= setTimeout(show, burstMs)
  })
  onScopeDispose(() => {
    subscription.unsubscribe()
    clearTimeout(timer)
  })
  return usage
}
