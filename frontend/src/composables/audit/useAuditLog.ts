import { refDebounced, useThrottleFn } from '@vueuse/core'
import { computed, watch } from 'vue'
import { auditChanged, auditQuery } from '../../graphql/documents/audit.ts'
import { auditExportUrl, emptyChoice, toAuditFilter } from '../../utils/audit/audit-filter.ts'
import { auditRows, isUnderWay } from '../../utils/audit/audit-rows.ts'
import { useCursorPages } from '../shared/useCursorPages.ts'
import { useDownload } from '../shared/useDownload.ts'
import { useEvents } from '../shared/useEvents.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'
import { useAuditChoice } from './useAuditChoice.ts'
import { useOperationEnds } from '../operations/useOperationEnds.ts'

/** Lines per page: about as many as people read before a filter is quicker. */
const pageSize = 50
/** Wait after a key press before the filter is applied. */
const typingMs = 300

/** New lines are shown at most this often: soon enough to watch, and a busy cluster writes many. */
const newLinesMs = 1000

/** The audit log in pages, newest first, live. */
export function useAuditLog() {
  const choice = useAuditChoice()
  const settled = refDebounced(choice, typingMs)
  const filter = computed(() => toAuditFilter(settled.value))
  const { after, toFirst, ...pages } = useCursorPages(() => data.value?.audit.pageInfo)

  const variables = () => ({ first: pageSize, after: after.value, filter: filter.value })
  const { state, data, problem, retry } = useLiveQuery(auditQuery, variables)

  watch(filter, (now, before) => {
    if (JSON.stringify(now) !== JSON.stringify(before)) toFirst()
  })
  const rows = computed(() => auditRows(data.value?.audit.nodes ?? []))
  const underWay = computed(() => rows.value.flatMap((row) => (isUnderWay(row) && row.entry.operationId ? row.entry.operationId : [])))
  useOperationEnds(underWay, retry)
  // Older pages stay where they are.
  useEvents(
    auditChanged,
    {},
    useThrottleFn(
      () => {
        if (pages.page.value === 1) retry()
      },
      newLinesMs,
      true,
    ),
  )

  return {
    state,
    problem,
    retry,
    choice,
    rows,
    active: computed(() => Object.values(choice.value).some((each) => each !== '')),
    clear: () => (choice.value = { ...emptyChoice }),
    ...useDownload('audit.jsonl', () => auditExportUrl(filter.value)),
    ...pages,
    async showNewest(): Promise<void> {
      toFirst()
      retry()
    },
  }
}
