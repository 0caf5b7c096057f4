import { useMediaQuery } from '@vueuse/core'

/** Whether a list has room for a table. Otherwise it shows cards. */
export const useWideWindow = () => useMediaQuery('(min-width: 1024px)')
