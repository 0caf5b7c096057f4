import { useToast } from '@nuxt/ui/composables'
import { computed } from 'vue'
import type { UsersQuery } from '../../graphql/generated/graphql.ts'
import type { Problem } from '../../graphql/problem.ts'
import { removeUser, usersQuery } from '../../graphql/documents/users.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'
import { useMutate } from '../shared/useMutate.ts'

export type UserItem = UsersQuery['users'][number]

/** The people who have signed in at least once. */
export function useUsers() {
  const { state, data, problem, retry } = useLiveQuery(usersQuery, {})
  const mutate = useMutate()
  const toast = useToast()

  async function remove({ id, login }: UserItem): Promise<Problem | undefined> {
    const result = await mutate(removeUser, { id })
    if (!result.ok) return result.problem
    toast.add({ title: `${login} removed`, color: 'success', icon: 'i-lucide-check' })
    return undefined
  }

  return { state, users: computed(() => data.value?.users ?? []), problem, retry, remove }
}
