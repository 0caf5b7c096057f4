import { computed, toValue } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import { isFoundBy } from '../../utils/shared/found-by.ts'
import type { ContainerState } from '../../graphql/generated/graphql.ts'
import type { NodeContainerItem } from '../../graphql/items.ts'
import { containerOrders, wordsOfContainer } from '../../utils/engine/container-order.ts'
import { sorted } from '../../utils/shared/sorting.ts'
import { useUrlChoices } from '../shared/useUrlChoices.ts'

/** Filters and sorts containers as the URL says: by state, health, and words (all must be found). */
export function useContainerFilter(containers: MaybeRefOrGetter<NodeContainerItem[]>, nodeNames: MaybeRefOrGetter<Map<string, string>>) {
  const choices = useUrlChoices()
  const search = choices.typed('search')
  const states = choices.list<ContainerState>('state')
  const sort = choices.text('sort')
  const unhealthyOnly = choices.text('unhealthy')

  /** Whatever their state: what the counts are of. */
  const matching = computed(() => {
    const isMatch = isFoundBy(search.value)
    return toValue(containers).filter((each) => isMatch(() => wordsOfContainer(each, toValue(nodeNames).get(each.nodeId ?? ''))))
  })
  const filtered = computed(() => {
    const found = matching.value.filter(
      ({ state, health }) =>
        (states.value.length === 0 || states.value.includes(state)) && (unhealthyOnly.value === '' || health === 'UNHEALTHY'),
    )
    return sorted(found, sort.value, containerOrders)
  })
  return { search, states, sort, unhealthyOnly, matching, filtered }
}
