import { toValue } from 'vue'
import type { MaybeRefOrGetter, WritableComputedRef } from 'vue'
import type { RemovableItem, Use } from '../../utils/engine/removable-item.ts'
import { useOf } from '../../utils/engine/removable-item.ts'
import { wordsOfPlace } from '../../utils/engine/place.ts'
import type { Places } from '../../utils/engine/place.ts'
import type { Order } from '../../utils/shared/sorting.ts'
import { useListFilter } from '../shared/useListFilter.ts'

/** Filters and sorts images, volumes or networks as the URL says: by whether something uses them, and by words (all must be found). */
export function useThingFilter<Item extends RemovableItem>(
  items: MaybeRefOrGetter<Item[]>,
  { textOf, orders, places }: { textOf: (item: Item) => string; orders: Record<string, Order<Item>>; places: MaybeRefOrGetter<Places> },
) {
  const { chosen, ...list } = useListFilter(items, {
    wordsOf: (item) => [textOf(item), ...item.usedBy.map(({ name }) => name), ...wordsOfPlace(toValue(places), item)],
    orders,
    filters: { use: { keeps: (item, uses) => uses.includes(useOf(item)), isCounted: true } },
  })
  return { ...list, uses: chosen.use as WritableComputedRef<Use[]> }
}
