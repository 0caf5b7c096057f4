import { createSharedComposable, useColorMode } from '@vueuse/core'
import { computed } from 'vue'

export type ThemeChoice = 'light' | 'dark' | 'auto'

/** Light, dark, or the system's preference. `public/theme.js` reads the same key before the first paint. */
export const useTheme = createSharedComposable(() => {
  const mode = useColorMode({ storageKey: 'selfhostly-theme', emitAuto: true })
  return {
    choice: computed<ThemeChoice>({ get: () => mode.store.value as ThemeChoice, set: (choice) => (mode.store.value = choice) }),
    isDark: computed(() => mode.state.value === 'dark'),
  }
})
