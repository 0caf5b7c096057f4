import { shallowRef } from 'vue'
import { sendJson } from '../../utils/shared/send-json.ts'

/** Signs in with a name and a password, and a code if one is asked for. */
export function usePasswordSignIn() {
  const working = shallowRef(false)
  /** Whether the password was right and a code comes next. */
  const needsCode = shallowRef(false)
  const problem = shallowRef<string>()

  /** Resolves to whether it is done. */
  async function signIn({ name, password, code }: { name: string; password: string; code: string }): Promise<boolean> {
    working.value = true
    const sent = await sendJson('POST', '/auth/password', { name, password, ...(needsCode.value && { code }) })
    working.value = false
    if (sent.ok) return true
    const asksForCode = sent.problem.code === 'SECOND_FACTOR_NEEDED'
    problem.value = asksForCode && !needsCode.value ? undefined : sent.problem.message
    // A wait keeps the form as it is.
    if (sent.status !== 429) needsCode.value = asksForCode
    return false
  }

  return { working, needsCode, problem, signIn }
}
