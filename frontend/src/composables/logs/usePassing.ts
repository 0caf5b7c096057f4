import { onScopeDispose, ref } from 'vue'

/** A list that moves by more than this part of its height from one drawing to the next, as by dragging its bar, cannot be read. */
const fastPart = 1 / 8
/** A single large step is a jump to a place, which is to be read at once. */
const fastSteps = 2
/** So long after the last fast step, the list stands still. */
const restMs = 150

/** Whether a list is scrolled so fast that nobody can read it. */
export function usePassing() {
  const isFast = ref(false)
  let [last, steps] = [0, 0]
  let rest: ReturnType<typeof setTimeout> | undefined
  onScopeDispose(() => clearTimeout(rest))

  function stand(): void {
    steps = 0
    isFast.value = false
  }

  return {
    isFast,
    /** @param top how far it is scrolled @param height of what is in view, in the same pixels */
    scrolled(top: number, height: number): void {
      const step = Math.abs(top - last)
      last = top
      if (step <= height * fastPart) return
      steps += 1
      isFast.value = steps >= fastSteps
      clearTimeout(rest)
      rest = setTimeout(stand, restMs)
    },
  }
}
