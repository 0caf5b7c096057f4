import { computed, ref, toValue, watch } from 'vue'
import type { MaybeRefOrGetter } from 'vue'

/** Rows per page: few enough to scan, and to render without a pause. */
const pageSize = 50

/** Shows a long list in pages. The whole list stays loaded. */
export function usePaging<Item>(items: MaybeRefOrGetter<Item[]>) {
  const page = ref(1)
  const total = computed(() => toValue(items).length)
  const shown = computed(() => toValue(items).slice((page.value - 1) * pageSize, page.value * pageSize))

  watch(total, (count) => (page.value = Math.min(page.value, Math.max(1, Math.ceil(count / pageSize)))))

  return { page, pageSize, total, shown }
}
