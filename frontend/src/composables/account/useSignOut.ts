import { useToast } from '@nuxt/ui/composables'
import { ref } from 'vue'
import { signOutEverywhere } from '../../graphql/documents/account.ts'
import { fetchWithBrowserSecret } from '../../utils/shared/browser-secret.ts'
import { useMutate } from '../shared/useMutate.ts'

/** Ends this session or all of the viewer's sessions. Then reloads the page so that no data stays in memory. */
export function useSignOut() {
  const mutate = useMutate()
  const toast = useToast()
  const working = ref(false)

  const leave = (): void => window.location.assign('/sign-in')
  const fail = (description: string) =>
    toast.add({ title: 'You are still signed in', description, color: 'error', icon: 'i-lucide-circle-x' })

  async function signOut(): Promise<void> {
    working.value = true
    const answer = await fetchWithBrowserSecret('/auth/sign-out', { method: 'POST' }).catch(() => undefined)
    working.value = false
    if (answer?.ok) leave()
    else fail(answer ? `The server answered with HTTP status ${answer.status}.` : 'The server did not answer.')
  }

  async function everywhere(): Promise<void> {
    working.value = true
    const result = await mutate(signOutEverywhere, {})
    working.value = false
    if (result.ok) leave()
    else fail(result.problem.message)
  }

  return { working, signOut, everywhere }
}
