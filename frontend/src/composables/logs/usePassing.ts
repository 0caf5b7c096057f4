import { onScopeDispose, ref } from 'vue'

/** So long after the last fast step, the list stands still. */
const restMs = 80

/** A list that moves by more than this part of its height from one drawing to the next, as by dragging its bar, cannot be read. */
const fastPart = 1 / 4

/** Whether a list is scrolled so fast that nobody can read it. */
export function usePassing() {
  const isFast = ref(false)
  let last = 0
  let rest: ReturnType<typeof setTimeout> | undefined
  onScopeDispose(() => clearTimeout(rest))

  return {
    isFast,
    /** @param top how far it is scrolled @param height of what is in view, in the same pixels */
    scrolled(top: number, height: number): void {
      const step = Math.abs(top - last)
      last = top
      if (step <= height * fastPart) return
      isFast.value = true
      clearTimeout(rest)
      rest = setTimeout(() => (isFast.value = false), restMs)
    },
  }
}
