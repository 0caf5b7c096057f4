import { computed, ref, toValue } from 'vue'
import type { MaybeRefOrGetter } from 'vue'

/** The items of a list that people ticked. */
export function useChoice<Item>(items: MaybeRefOrGetter<Item[]>, keyOf: (item: Item) => string) {
  const chosen = ref(new Set<string>())

  function choose(keys: string[], isChosen: boolean): void {
    const kept = [...chosen.value].filter((key) => !keys.includes(key))
    chosen.value = new Set(isChosen ? [...kept, ...keys] : kept)
  }

  return {
    chosen: computed(() => chosen.value),
    selected: computed(() => toValue(items).filter((item) => chosen.value.has(keyOf(item)))),
    choose,
    chooseAll: (isChosen: boolean): void => choose(toValue(items).map(keyOf), isChosen),
    clear: (): void => void (chosen.value = new Set()),
  }
}
