import { useDebounceFn } from '@vueuse/core'
import { ref, shallowRef, watch } from 'vue'
import { validateAppQuery } from '../../graphql/documents/apps.ts'
import type { ValidateAppQueryVariables } from '../../graphql/generated/graphql.ts'
import type { AppValidation } from '../../graphql/items.ts'
import { toProblem } from '../../graphql/problem.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'

/** After the last key. A check asks Compose, which takes up to a second. */
const checkAfterMs = 400

/**
 * Checks a draft as people type. Only the answer about the newest text counts.
 * @param draft undefined while there is nothing to check
 */
export function useValidation(draft: () => ValidateAppQueryVariables | undefined) {
  const { client } = useServerConnection()
  const validation = shallowRef<AppValidation>()
  /** Why it could not be checked. */
  const problem = shallowRef<Problem>()
  const checking = ref(false)
  let newest = 0

  async function check(): Promise<void> {
    const variables = draft()
    const own = ++newest
    if (!variables) return void (checking.value = false)
    const { data, error } = await client.query(validateAppQuery, variables, { requestPolicy: 'network-only' }).toPromise()
    if (own !== newest) return
    checking.value = false
    const refusal = error && toProblem(error)
    // Another window of the same person checks the same app.
    if (refusal?.code === 'CONFLICT') return
    problem.value = refusal
    validation.value = data?.validateApp
  }
  const checkSoon = useDebounceFn(check, checkAfterMs)

  watch(
    () => JSON.stringify(draft()),
    () => {
      checking.value = true
      void checkSoon()
    },
    { immediate: true },
  )

  return { validation, problem, checking, check }
}
