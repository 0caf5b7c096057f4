import { useEventListener } from '@vueuse/core'
import { ref } from 'vue'

/** The part of the window that a phone's keyboard leaves free, in pixels. */
export function useSeenPart() {
  const part = ref({ top: 0, height: window.innerHeight })
  const look = (): void => {
    const { offsetTop: top, height } = window.visualViewport ?? { offsetTop: 0, height: window.innerHeight }
    part.value = { top, height }
  }
  look()
  useEventListener(window.visualViewport ?? window, ['resize', 'scroll'], look)
  return part
}
