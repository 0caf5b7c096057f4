import { computed, ref } from 'vue'
import { appTimelineQuery, nodeTimelineQuery } from '../../graphql/documents/timeline.ts'
import type { TimelineItem } from '../../graphql/items.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'

/** Whose timeline: a node's, or that of an app. */
export type TimelineOf = { nodeId: string } | { appId: string }

/** What follows a moment belongs to it, too. */
const aroundMs = 10 * 60_000

/** What happened, a part of it at a time. */
export function useTimeline(of: TimelineOf) {
  /** The ends of the parts that led here; empty: now. */
  const ends = ref<string[]>([])
  const to = computed(() => ends.value.at(-1) ?? null)
  const query =
    'appId' in of
      ? useLiveQuery(appTimelineQuery, () => ({ appId: of.appId, to: to.value }))
      : useLiveQuery(nodeTimelineQuery, () => ({ nodeId: of.nodeId, to: to.value }))
  const timeline = computed<TimelineItem | undefined>(() => {
    const data = query.data.value
    return (data && ('appTimeline' in data ? data.appTimeline : data.nodeTimeline)) ?? undefined
  })

  return {
    state: query.state,
    problem: query.problem,
    retry: query.retry,
    timeline,
    isNow: computed(() => ends.value.length === 0),
    /** Whether what is newer is the present. */
    isBeforeNow: computed(() => ends.value.length === 1),
    showOlder(): void {
      const oldest = timeline.value?.entries.at(-1)
      if (oldest) ends.value = [...ends.value, oldest.at]
    },
    showNewer: (): void => void (ends.value = ends.value.slice(0, -1)),
    showNow: (): void => void (ends.value = []),
    /** What happened around this moment. */
    showAround: (moment: Date): void => void (ends.value = [new Date(moment.getTime() + aroundMs).toISOString()]),
  }
}
