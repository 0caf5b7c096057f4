import { ref } from 'vue'
import { ownFetch } from '../utils/own-fetch.ts'

async function send(url: string, body: object): Promise<string | undefined> {
  try {
    const answer = await ownFetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(body),
    })
    if (answer.ok) return undefined
    const { detail } = (await answer.json().catch(() => ({}))) as { detail?: string }
    return detail ?? `The server answered with HTTP status ${answer.status}.`
  } catch {
    return 'The server did not answer. Is it running?'
  }
}

/** Signs in with what this page sends: name and password, or a link's code. `signIn` resolves to the error, if any. */
export function useSignInPost() {
  const working = ref(false)

  async function signIn(url: string, body: object): Promise<string | undefined> {
    working.value = true
    const problem = await send(url, body)
    working.value = false
    return problem
  }

  return { working, signIn }
}
