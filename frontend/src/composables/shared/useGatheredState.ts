import { onScopeDispose, shallowRef } from 'vue'

/** A burst of changes, such as a subscription's snapshot, is shown once per frame instead of once per change. */
const gatherMs = 16

/** State that changes often: `latest` has each change at once, `shown` follows once per frame. */
export function useGatheredState<State extends object>(start: State) {
  const shown = shallowRef(start)
  let now = start
  let timer: ReturnType<typeof setTimeout> | undefined

  function change(values: Partial<State>): void {
    now = { ...now, ...values }
    timer ??= setTimeout(() => {
      timer = undefined
      shown.value = now
    }, gatherMs)
  }

  onScopeDispose(() => clearTimeout(timer))
  return { shown, latest: () => now, change }
}
