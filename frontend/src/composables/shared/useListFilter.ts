import { computed, toValue } from 'vue'
import type { MaybeRefOrGetter, WritableComputedRef } from 'vue'
import { isFoundBy } from '../../utils/shared/found-by.ts'
import { sorted } from '../../utils/shared/sorting.ts'
import type { Order } from '../../utils/shared/sorting.ts'
import { useUrlChoices } from './useUrlChoices.ts'

interface ListFilter<Item> {
  /** @param chosen what is chosen of it, never empty */
  keeps: (item: Item, chosen: string[]) => boolean
  /** Whether the page counts the items of each choice. The counts are of what all other filters leave. */
  isCounted?: boolean
}

interface ListRules<Item, Name extends string> {
  /** What a search looks at. */
  wordsOf: (item: Item) => Iterable<string | number | null | undefined>
  orders: Record<string, Order<Item>>
  filters: Record<Name, ListFilter<Item>>
}

/** Filters, sorts and pages a list as the URL says: by the words of a search (all must be found) and by each of `filters`, under its name. */
export function useListFilter<Item, Name extends string>(
  items: MaybeRefOrGetter<Item[]>,
  { wordsOf, orders, filters }: ListRules<Item, Name>,
) {
  const choices = useUrlChoices()
  const search = choices.typed('search')
  const sort = choices.text('sort')
  const all = (Object.entries(filters) as [Name, ListFilter<Item>][]).map(([name, filter]) => ({
    ...{ name, ...filter, chosen: choices.list(name) },
  }))
  const [counted, others] = [all.filter(({ isCounted }) => isCounted), all.filter(({ isCounted }) => !isCounted)]
  const active = computed(() => search.value.trim() !== '' || all.some(({ chosen }) => chosen.value.length > 0))
  const isKept = (item: Item, some: typeof all): boolean =>
    some.every(({ chosen, keeps }) => chosen.value.length === 0 || keeps(item, chosen.value))

  /** What the counts are of. */
  const matching = computed(() => {
    const isMatch = isFoundBy(search.value)
    return toValue(items).filter((item) => isKept(item, others) && isMatch(() => wordsOf(item)))
  })
  const kept = computed(() => matching.value.filter((item) => isKept(item, counted)))
  const filtered = computed(() => sorted(kept.value, sort.value, orders))

  function clear(): void {
    search.value = ''
    for (const { chosen } of all) chosen.value = []
  }

  return {
    ...{ search, sort, page: choices.page, group: choices.text('group'), columns: choices.list('column') },
    ...{ active, matching, filtered, clear },
    chosen: Object.fromEntries(all.map(({ name, chosen }) => [name, chosen])) as Record<Name, WritableComputedRef<string[]>>,
  }
}
