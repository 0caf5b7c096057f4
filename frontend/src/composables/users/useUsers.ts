import { computed } from 'vue'
import type { UserItem } from '../../graphql/items.ts'
import type { Problem } from '../../graphql/problem.ts'
import { removeUser, usersQuery } from '../../graphql/documents/users.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'
import { useMutate } from '../shared/useMutate.ts'
import { useResultToasts } from '../shared/useResultToasts.ts'

/** The people who have signed in at least once. */
export function useUsers() {
  const { state, data, problem, retry } = useLiveQuery(usersQuery, {})
  const mutate = useMutate()
  const { refusalOf } = useResultToasts()

  async function remove({ id, login }: UserItem): Promise<Problem | undefined> {
    return refusalOf(await mutate(removeUser, { id }), { title: `${login} removed` })
  }

  return { state, users: computed(() => data.value?.users ?? []), problem, retry, remove }
}
