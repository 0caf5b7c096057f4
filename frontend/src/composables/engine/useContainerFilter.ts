import { toValue } from 'vue'
import type { MaybeRefOrGetter, WritableComputedRef } from 'vue'
import type { ContainerState } from '../../graphql/generated/graphql.ts'
import type { NodeContainerItem } from '../../graphql/items.ts'
import { containerOrders, wordsOfContainer } from '../../utils/engine/container-order.ts'
import { wordsOfPlace } from '../../utils/engine/place.ts'
import type { Places } from '../../utils/engine/place.ts'
import { useListFilter } from '../shared/useListFilter.ts'

/** Filters and sorts containers as the URL says: by state, health, and words (all must be found). */
export function useContainerFilter(containers: MaybeRefOrGetter<NodeContainerItem[]>, places: MaybeRefOrGetter<Places>) {
  const { chosen, ...list } = useListFilter(containers, {
    wordsOf: (container) => [...wordsOfContainer(container), ...wordsOfPlace(toValue(places), container)],
    orders: containerOrders,
    filters: {
      state: { keeps: ({ state }, states) => states.includes(state), isCounted: true },
      unhealthy: { keeps: ({ health }) => health === 'UNHEALTHY', isCounted: true },
    },
  })
  return { ...list, states: chosen.state as WritableComputedRef<ContainerState[]>, unhealthyOnly: chosen.unhealthy }
}
