import { onScopeDispose, shallowRef, watch } from 'vue'
import type { VersionDetail } from '../../graphql/items.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useVersionReader } from './useVersionReader.ts'

/** Some versions of an app with their contents, in the order asked for. Undefined while they load. */
export function useVersionContents(appId: () => string, numbers: () => number[]) {
  const readVersion = useVersionReader(appId)
  const versions = shallowRef<VersionDetail[]>()
  const problem = shallowRef<Problem>()
  /** A version never changes, but for its outcome. */
  const known = new Map<string, VersionDetail>()
  let newest = 0
  onScopeDispose(() => newest++)

  async function versionOf(number: number): Promise<VersionDetail | Problem> {
    const key = `${appId()} ${number}`
    const found = known.get(key) ?? (await readVersion(number))
    if (!('code' in found)) known.set(key, found)
    return found
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
