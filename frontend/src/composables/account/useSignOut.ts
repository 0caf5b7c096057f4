import { ref } from 'vue'
import { signOutEverywhere } from '../../graphql/documents/account.ts'
import { fetchWithBrowserSecret } from '../../utils/shared/browser-secret.ts'
import { useMutate } from '../shared/useMutate.ts'
import { useResultToasts } from '../shared/useResultToasts.ts'

/** Ends this session or all of the viewer's sessions. Then reloads the page so that no data stays in memory. */
export function useSignOut() {
  const mutate = useMutate()
  const { failed } = useResultToasts()
  const working = ref(false)

  const leave = (): void => window.location.assign('/sign-in')
  const stay = (description: string): void => failed({ title: 'You are still signed in', description })

  async function signOut(): Promise<void> {
    working.value = true
    const answer = await fetchWithBrowserSecret('/auth/sign-out', { method: 'POST' }).catch(() => undefined)
    working.value = false
    if (answer?.ok) leave()
    else stay(answer ? `The server answered with HTTP status ${answer.status}.` : 'The server did not answer.')
  }

  /** A toast reports the refusal, so the dialog has nothing to show. */
  async function everywhere(): Promise<undefined> {
    working.value = true
    const result = await mutate(signOutEverywhere, {})
    working.value = false
    if (result.ok) leave()
    else stay(result.problem.message)
  }

  return { working, signOut, everywhere }
}
