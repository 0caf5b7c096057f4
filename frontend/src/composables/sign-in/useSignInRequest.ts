import { ref } from 'vue'
import { postWithBrowserSecret } from '../../utils/shared/browser-secret.ts'

/** After these the same request is refused again. */
const final = new Set([400, 401, 403, 404])

interface Refusal {
  words: string
  isFinal: boolean
}

async function send(url: string, body: object): Promise<Refusal | undefined> {
  try {
    const answer = await postWithBrowserSecret(url, body)
    if (answer.ok) return undefined
    const { detail } = (await answer.json().catch(() => ({}))) as { detail?: string }
    return { words: detail ?? `The server answered with HTTP status ${answer.status}.`, isFinal: final.has(answer.status) }
  } catch {
    return { words: 'The server did not answer. Is it running?', isFinal: false }
  }
}

/** Signs in with what this page sends: name and password, or a link's code. `signIn` resolves to the error, if any. */
export function useSignInRequest() {
  const working = ref(false)
  /** Whether sending the same again is no use. */
  const refused = ref(false)

  async function signIn(url: string, body: object): Promise<string | undefined> {
    working.value = true
    const refusal = await send(url, body)
    working.value = false
    refused.value = refusal?.isFinal ?? false
    return refusal?.words
  }

  return { working, refused, signIn }
}
