import { shallowRef } from 'vue'
import { postWithBrowserSecret } from '../../utils/shared/browser-secret.ts'

/** In the sign-in page's URL after the provider redirects back. */
const form = /^#finish=([\w-]+)$/

async function send(code: string): Promise<string | undefined> {
  try {
    const answer = await postWithBrowserSecret('/auth/finish', { code })
    return answer.ok ? undefined : answer.status === 400 ? 'expired' : 'failed'
  } catch {
    return 'failed'
  }
}

/**
 * Finishes a sign-in with the code in the page's URL and removes the code from it. This binds the session to this browser, see
 * `browser-secret.ts`.
 */
export function useFinishSignIn(onDone: () => void) {
  const code = form.exec(window.location.hash)?.[1]
  const finishing = shallowRef(code !== undefined)
  /** Why it failed, as a code for `signInFailure`. */
  const failure = shallowRef<string>()

  async function finish(given: string): Promise<void> {
    window.history.replaceState(window.history.state, '', window.location.pathname + window.location.search)
    failure.value = await send(given)
    finishing.value = false
    if (failure.value === undefined) onDone()
  }
  if (code !== undefined) void finish(code)

  return { finishing, failure }
}
