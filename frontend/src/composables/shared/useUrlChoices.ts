import { useDebounceFn } from '@vueuse/core'
import { computed, nextTick, onScopeDispose, ref, watch } from 'vue'
import type { WritableComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import type { LocationQuery } from 'vue-router'

/** Browsers limit URL changes per second, and people type faster. */
const writeAfterMs = 300

/** The page of a list starts over whenever another choice changes. */
const pageName = 'page'

const without = ({ [pageName]: _page, ...others }: LocationQuery): LocationQuery => others

/** The page's query, and how it gets into the URL: as a step that the browser's back button undoes. */
function useQuery() {
  const route = useRoute()
  const router = useRouter()
  const { path } = route
  const query = ref<LocationQuery>({ ...route.query })
  watch(
    () => route.query,
    (now) => {
      if (route.path === path) query.value = { ...now }
    },
  )

  // Another page is asked for and not there yet. Writing now would call that off.
  let isLeaving = false
  onScopeDispose(router.beforeEach((to) => void (isLeaving = to.path !== path)))
  onScopeDispose(router.afterEach(() => void (isLeaving = false)))

  return {
    query,
    change(name: string, value: string | string[]): void {
      const { [name]: _former, ...others } = query.value
      const kept = name === pageName ? others : without(others)
      query.value = value.length > 0 ? { ...kept, [name]: value } : kept
    },
    write(how: 'push' | 'replace'): void {
      if (route.path === path && !isLeaving) void router[how]({ query: query.value })
    },
  }
}

/**
 * A page's choices, kept in its URL so they can be shared and survive a reload. Each choice is a step that the browser's back button
 * undoes; what people type is one step, however long they type.
 */
export function useUrlChoices() {
  const { query, change, write } = useQuery()
  let isStep = false
  let isTyping = false
  const writeTyped = useDebounceFn(() => {
    isTyping = false
    write('replace')
  }, writeAfterMs)

  /** Several choices at once are one step. */
  function choose(name: string, value: string | string[]): void {
    change(name, value)
    if (isStep) return
    isStep = true
    void nextTick(() => {
      isStep = false
      write('push')
    })
  }

  function type(name: string, value: string): void {
    change(name, value)
    if (!isTyping) write('push')
    isTyping = true
    void writeTyped()
  }

  const listOf = (name: string): string[] => [query.value[name] ?? []].flat().filter((each) => each !== null)

  return {
    /** What people type. */
    typed: (name: string): WritableComputedRef<string> => computed({ get: () => listOf(name)[0] ?? '', set: (value) => type(name, value) }),
    /** What people pick. */
    text: (name: string): WritableComputedRef<string> =>
      computed({ get: () => listOf(name)[0] ?? '', set: (value) => choose(name, value) }),
    list: <Word extends string = string>(name: string): WritableComputedRef<Word[]> =>
      computed({ get: () => listOf(name) as Word[], set: (value) => choose(name, value) }),
    /** Which page of the list: 1 without one. */
    page: computed({
      get: () => Math.max(1, Math.trunc(Number(listOf(pageName)[0] ?? 1)) || 1),
      set: (value) => choose(pageName, value > 1 ? String(value) : ''),
    }),
  }
}
