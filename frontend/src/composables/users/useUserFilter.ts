import type { MaybeRefOrGetter, WritableComputedRef } from 'vue'
import type { Role } from '../../graphql/generated/graphql.ts'
import type { UserItem } from '../../graphql/items.ts'
import { byName } from '../../utils/shared/format.ts'
import { waysWords } from '../../utils/users/user-words.ts'
import { useListFilter } from '../shared/useListFilter.ts'

/** Filters and sorts people as the URL says: by role, and by words of the name, the address, how they sign in, and labels. */
export function useUserFilter(users: MaybeRefOrGetter<UserItem[]>) {
  const { chosen, ...list } = useListFilter(users, {
    wordsOf: (user) => [user.login, user.email, waysWords(user), ...(user.nodeLimit ?? [])],
    orders: { '': (a, b) => byName(a.login, b.login) || byName(a.id, b.id) },
    filters: { role: { keeps: ({ role }, roles) => roles.includes(role), isCounted: true } },
  })
  return { ...list, roles: chosen.role as WritableComputedRef<Role[]> }
}
