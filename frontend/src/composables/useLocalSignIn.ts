import { ref } from 'vue'
import { ownFetch } from '../utils/own-fetch.ts'

async function send(url: string, credentials: { name: string; password: string }): Promise<string | undefined> {
  try {
    const answer = await ownFetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(credentials),
    })
    if (answer.ok) return undefined
    const { detail } = (await answer.json().catch(() => ({}))) as { detail?: string }
    return detail ?? `The server answered with HTTP status ${answer.status}.`
  } catch {
    return 'The server did not answer. Is it running?'
  }
}

/** Signing in by name and password; `signIn` resolves to why not, if so. */
export function useLocalSignIn() {
  const working = ref(false)

  async function signIn(url: string, credentials: { name: string; password: string }): Promise<string | undefined> {
    working.value = true
    const problem = await send(url, credentials)
    working.value = false
    return problem
  }

  return { working, signIn }
}
