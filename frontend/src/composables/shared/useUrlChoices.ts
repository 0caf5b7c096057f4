import { useDebounceFn } from '@vueuse/core'
import { computed, ref, watch } from 'vue'
import type { WritableComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import type { LocationQuery } from 'vue-router'

/** Browsers limit URL changes per second, and people type faster. */
const writeAfterMs = 300

/** A page's choices, kept in its URL so they can be shared and survive a reload. */
export function useUrlChoices() {
  const route = useRoute()
  const router = useRouter()
  const { path } = route
  const query = ref<LocationQuery>({ ...route.query })

  const write = useDebounceFn(() => {
    if (route.path === path) void router.replace({ query: query.value })
  }, writeAfterMs)

  watch(
    () => route.query,
    (now) => {
      if (route.path === path) query.value = { ...now }
    },
  )

  function set(name: string, value: string | string[]): void {
    const { [name]: _former, ...others } = query.value
    query.value = value.length > 0 ? { ...others, [name]: value } : others
    void write()
  }

  const listOf = (name: string): string[] => [query.value[name] ?? []].flat().filter((each) => each !== null)

  return {
    text: (name: string): WritableComputedRef<string> => computed({ get: () => listOf(name)[0] ?? '', set: (value) => set(name, value) }),
    list: <Word extends string = string>(name: string): WritableComputedRef<Word[]> =>
      computed({ get: () => listOf(name) as Word[], set: (value) => set(name, value) }),
  }
}
