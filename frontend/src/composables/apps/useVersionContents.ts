import { onScopeDispose, shallowRef, watch } from 'vue'
import { appVersionQuery } from '../../graphql/documents/app-versions.ts'
import type { VersionDetail } from '../../graphql/items.ts'
import { emptyAnswer, toProblem } from '../../graphql/problem.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'

/** Some versions of an app with their contents, in the order asked for. Undefined while they load. */
export function useVersionContents(appId: () => string, numbers: () => number[]) {
  const { client } = useServerConnection()
  const versions = shallowRef<VersionDetail[]>()
  const problem = shallowRef<Problem>()
  /** A version never changes, but for its outcome. */
  const known = new Map<string, VersionDetail>()
  let newest = 0
  onScopeDispose(() => newest++)

  async function versionOf(number: number): Promise<VersionDetail | Problem> {
    const key = `${appId()} ${number}`
    const there = known.get(key)
    if (there) return there
    const { data, error } = await client.query(appVersionQuery, { appId: appId(), number }, { requestPolicy: 'network-only' }).toPromise()
    if (error) return toProblem(error)
    if (!data?.appVersion) return { ...emptyAnswer, message: `Version ${number} is no longer kept.` }
    known.set(key, data.appVersion)
    return data.appVersion
  }

  async function read(): Promise<void> {
    const own = ++newest
    versions.value = undefined
    problem.value = undefined
    const found = await Promise.all(numbers().map(versionOf))
    if (own !== newest) return
    const failed = found.find((each) => 'code' in each)
    if (failed) problem.value = failed
    else versions.value = found.flatMap((each) => ('code' in each ? [] : each))
  }

  watch(
    () => `${appId()} ${numbers().join()}`,
    () => void read(),
    { immediate: true },
  )
  return { versions, problem, read }
}
