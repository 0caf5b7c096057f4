import { computed, shallowRef, toValue, watch } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import type { Problem } from '../../graphql/problem.ts'
import { fieldSentences } from '../../utils/shared/field-sentence.ts'

/**
 * Shows the server's errors at the inputs they name, each until its value changes. Separate from the form's own validation, which
 * would drop them at the next blur and refuse to send the same value again.
 */
export function useFieldProblems<State extends object>(state: MaybeRefOrGetter<State>, problem: MaybeRefOrGetter<Problem | undefined>) {
  const refused = shallowRef<{ problem: Problem; state: State }>()
  watch(
    () => toValue(problem),
    (now) => (refused.value = now && { problem: now, state: { ...toValue(state) } }),
  )

  /** For a form field's `error`. */
  function errorOf(field: keyof State & string): string | undefined {
    if (!refused.value || toValue(state)[field] !== refused.value.state[field]) return undefined
    const messages = refused.value.problem.fields.filter((each) => each.field === field).map((each) => each.message)
    return messages.length > 0 ? fieldSentences(messages) : undefined
  }

  /** The error, if it names no input of this form. */
  const general = computed(() => {
    const now = refused.value
    return now && !now.problem.fields.some(({ field }) => field in now.state) ? now.problem.message : undefined
  })

  return { errorOf, general }
}
