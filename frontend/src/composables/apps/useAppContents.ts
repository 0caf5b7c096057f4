import { onScopeDispose, shallowRef, watch } from 'vue'
import { appContentsQuery } from '../../graphql/documents/apps.ts'
import { toProblem } from '../../graphql/problem.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'
import type { SavedContents } from './useContentsEdit.ts'

/**
 * What an app is made of, which its node sends when asked. Read as one answer, because events change parts of what is in the cache.
 * @param key read again when this changes; undefined while nothing is to be read
 */
export function useAppContents(id: () => string, key: () => string | undefined) {
  const { client } = useServerConnection()
  const saved = shallowRef<SavedContents>()
  const problem = shallowRef<Problem>()
  let newest = 0
  onScopeDispose(() => newest++)

  async function read(): Promise<void> {
    const own = ++newest
    const { data, error } = await client.query(appContentsQuery, { id: id() }, { requestPolicy: 'network-only' }).toPromise()
    if (own !== newest) return
    problem.value = error && toProblem(error)
    if (!data?.app || error) return
    const { version, composeContent, profiles, environment, files } = data.app
    const bare = <Item extends object>({ __typename: _, ...item }: Item & { __typename?: string }) => item
    saved.value = { version, contents: { composeContent, profiles, environment: environment.map(bare), files: files.map(bare) } }
  }

  watch(id, () => (saved.value = undefined))
  watch(key, (now) => now !== undefined && void read(), { immediate: true })
  return { saved, problem, read }
}
