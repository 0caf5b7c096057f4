import { computed, shallowRef } from 'vue'
import { ownSignInQuery } from '../../graphql/documents/account.ts'
import type { Problem } from '../../graphql/problem.ts'
import { sendJson } from '../../utils/shared/send-json.ts'
import { useLiveQuery } from './useLiveQuery.ts'

export interface NewPassword {
  name: string
  password: string
  current?: string
}

/** How the viewer signs in, and changes to that. */
export function useOwnSignIn() {
  const { state, data, problem, retry } = useLiveQuery(ownSignInQuery, {})
  const working = shallowRef(false)

  /** Resolves to the server's refusal, if any. */
  async function setPassword(input: NewPassword): Promise<Problem | undefined> {
    working.value = true
    const sent = await sendJson<{ name: string }>('PUT', '/auth/password', input)
    working.value = false
    if (!sent.ok) return sent.problem
    retry()
    return undefined
  }

  return { state, own: computed(() => data.value?.ownSignIn), problem, retry, working, setPassword }
}
