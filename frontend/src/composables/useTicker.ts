import { createSharedComposable, useNow } from '@vueuse/core'

/** The time, for everything that shows how long ago something was: one timer for the whole page. */
export const useTicker = createSharedComposable(() => useNow({ interval: 1000 }))
