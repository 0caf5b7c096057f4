import { shallowRef } from 'vue'
import { appRemoval } from '../../graphql/documents/apps.ts'
import type { RemovalPreview } from '../../graphql/items.ts'
import { toProblem } from '../../graphql/problem.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'

const gone: Problem = { code: 'NOT_FOUND', message: 'The app is already removed.', fields: [] }

/** What removing the app would delete and keep, as its node reports now. */
export function useRemovalPreview() {
  const { client } = useServerConnection()
  const preview = shallowRef<RemovalPreview>()
  const problem = shallowRef<Problem>()
  let asked = 0

  async function load(id: string): Promise<void> {
    const turn = ++asked
    preview.value = undefined
    problem.value = undefined
    const { data, error } = await client.query(appRemoval, { id }, { requestPolicy: 'network-only' }).toPromise()
    if (turn !== asked) return
    preview.value = data?.appRemoval ?? undefined
    if (!preview.value) problem.value = error ? toProblem(error) : gone
  }

  return { preview, problem, load }
}
