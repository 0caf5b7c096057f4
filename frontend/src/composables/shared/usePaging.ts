import { computed, ref, toValue } from 'vue'
import type { MaybeRefOrGetter, Ref } from 'vue'

/** Rows per page: few enough to scan, and to render without a pause. */
const pageSize = 50

/** Shows a long list in pages. The whole list stays loaded. @param chosen where the number of the page is kept, such as in the URL */
export function usePaging<Item>(items: MaybeRefOrGetter<Item[]>, chosen: Ref<number> = ref(1)) {
  const total = computed(() => toValue(items).length)
  const last = computed(() => Math.max(1, Math.ceil(total.value / pageSize)))
  const page = computed({ get: () => Math.min(chosen.value, last.value), set: (value) => (chosen.value = value) })
  const shown = computed(() => toValue(items).slice((page.value - 1) * pageSize, page.value * pageSize))
  return { page, pageSize, total, shown }
}
