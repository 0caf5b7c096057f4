import { createSharedComposable, useNow } from '@vueuse/core'

/** The current time, for everything that shows how long ago something was. One timer for the whole page. */
export const useCurrentTime = createSharedComposable(() => useNow({ interval: 1000 }))
