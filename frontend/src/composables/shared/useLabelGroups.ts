import { computed, toValue } from 'vue'
import type { MaybeRefOrGetter, Ref } from 'vue'
import type { NodeItem } from '../../graphql/items.ts'
import { groupsOf, pageOfGroups } from '../../utils/shared/label-groups.ts'
import { usePaging } from './usePaging.ts'

/** A long list in pages, grouped by a label if one is chosen. */
export function useLabelGroups<Item>(
  items: MaybeRefOrGetter<Item[]>,
  key: MaybeRefOrGetter<string>,
  labelsOf: (item: Item) => NodeItem['labels'],
  chosen?: Ref<number>,
) {
  const groups = computed(() => groupsOf(toValue(items), toValue(key), labelsOf))
  const { page, pageSize, total } = usePaging(items, chosen)
  const shown = computed(() => pageOfGroups(groups.value, (page.value - 1) * pageSize, pageSize))
  return { page, pageSize, total, groups: shown }
}
