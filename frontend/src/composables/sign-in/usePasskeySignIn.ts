import { shallowRef } from 'vue'
import type { Problem } from '../../graphql/problem.ts'
import { passkeyFailure } from '../../utils/shared/passkey-words.ts'
import { sendJson } from '../../utils/shared/send-json.ts'

/** Signs in with a passkey of this device. */
export function usePasskeySignIn() {
  const working = shallowRef(false)

  async function ask(): Promise<Problem | undefined> {
    const { startAuthentication } = await import('@simplewebauthn/browser')
    type Options = Parameters<typeof startAuthentication>[0]['optionsJSON']
    const begun = await sendJson<{ options: Options; state: string }>('POST', '/auth/passkey/options', {})
    if (!begun.ok) return begun.problem
    const response = await startAuthentication({ optionsJSON: begun.data.options })
    const sent = await sendJson('POST', '/auth/passkey', { state: begun.data.state, response })
    return sent.ok ? undefined : sent.problem
  }

  /** Resolves to why nobody is signed in, if so. */
  async function signIn(): Promise<Problem | undefined> {
    working.value = true
    const problem = await ask().catch(passkeyFailure)
    working.value = false
    return problem
  }

  return { working, signIn }
}
