import { ref, shallowRef, useId, watch } from 'vue'
import type { Ref } from 'vue'
import type { Problem } from '../../graphql/problem.ts'
import type { Outcome } from './useMutate.ts'

/**
 * What a dialog that sends something needs beside its fields: the last refusal, which it forgets when it opens or closes, and whether
 * it waits for an answer.
 *
 * @param begin fills the fields again, with whether the dialog is open
 */
export function useFormDialog(open: Ref<boolean>, begin: (isOpen: boolean) => void = () => {}) {
  const working = ref(false)
  const problem = shallowRef<Problem>()

  watch(open, (isOpen) => {
    problem.value = undefined
    begin(isOpen)
  })

  /** @returns what the server answered, or nothing if it refused */
  async function ask<Data>(send: () => Promise<Outcome<Data>>): Promise<Data | undefined> {
    working.value = true
    const outcome = await send()
    working.value = false
    problem.value = outcome.ok ? undefined : outcome.problem
    return outcome.ok ? outcome.data : undefined
  }

  /** Closes the dialog, unless there is a refusal. */
  async function saveAndClose(send: () => Promise<Problem | undefined>): Promise<void> {
    working.value = true
    problem.value = await send()
    working.value = false
    if (!problem.value) open.value = false
  }

  return { formId: useId(), working, problem, ask, saveAndClose }
}
