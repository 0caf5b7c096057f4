import { computed, ref } from 'vue'

interface PageInfo {
  hasNextPage: boolean
  endCursor: string | null
}

/**
 * Moves through a list that is newest first and read one page at a time.
 * @param pageInfo of the page that is shown, once it is read
 */
export function useCursorPages(pageInfo: () => PageInfo | undefined) {
  /** The start cursor of each page up to this one. */
  const cursors = ref<(string | undefined)[]>([undefined])
  const older = computed(() => {
    const info = pageInfo()
    return info?.hasNextPage ? (info.endCursor ?? undefined) : undefined
  })

  return {
    /** Where the shown page starts. */
    after: computed(() => cursors.value.at(-1)),
    page: computed(() => cursors.value.length),
    hasOlder: computed(() => older.value !== undefined),
    showOlder: () => (cursors.value = [...cursors.value, older.value]),
    showNewer: () => (cursors.value = cursors.value.slice(0, -1)),
    toFirst: () => (cursors.value = [undefined]),
  }
}
