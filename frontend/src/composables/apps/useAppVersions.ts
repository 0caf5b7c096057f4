import { computed, onScopeDispose, shallowRef, watch } from 'vue'
import { appVersionsQuery } from '../../graphql/documents/app-versions.ts'
import type { VersionItem } from '../../graphql/items.ts'
import { emptyAnswer, toProblem } from '../../graphql/problem.ts'
import type { Problem } from '../../graphql/problem.ts'
import type { LoadState } from '../shared/useLiveQuery.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'

const pageSize = 50

/**
 * An app's versions, newest first, which its node sends when asked.
 * @param key read again when this changes
 */
export function useAppVersions(id: () => string, key: () => string) {
  const { client } = useServerConnection()
  const versions = shallowRef<VersionItem[]>()
  const problem = shallowRef<Problem>()
  const next = shallowRef<string>()
  let newest = 0
  onScopeDispose(() => newest++)

  async function read(after?: string): Promise<void> {
    const own = ++newest
    const variables = { id: id(), first: pageSize, after: after ?? null }
    const { data, error } = await client.query(appVersionsQuery, variables, { requestPolicy: 'network-only' }).toPromise()
    if (own !== newest) return
    const page = data?.app?.versions
    problem.value = error ? toProblem(error) : page?.nodes ? undefined : emptyAnswer
    if (error || !page?.nodes) return
    versions.value = after === undefined ? page.nodes : [...(versions.value ?? []), ...page.nodes]
    next.value = page.pageInfo.hasNextPage ? (page.pageInfo.endCursor ?? undefined) : undefined
  }

  watch(key, () => void read(), { immediate: true })
  const state = computed<LoadState>(() => (versions.value ? 'ready' : problem.value ? 'failed' : 'loading'))
  return { state, versions: computed(() => versions.value ?? []), problem, next, read: () => read(), more: () => read(next.value) }
}
