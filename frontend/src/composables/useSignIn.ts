import { shallowRef } from 'vue'

export interface SignInProvider {
  id: string
  label: string
  /** The path where signing in begins; of `local`, where name and password are sent. */
  url: string
}

/** 'none': this server has no sign-in of its own. */
export type SignInState = 'loading' | 'ready' | 'none' | 'failed'

async function readProviders(): Promise<{ state: SignInState; providers?: SignInProvider[]; problem?: string }> {
  try {
    const answer = await fetch('/auth/providers', { headers: { accept: 'application/json' } })
    if (!answer.ok) {
      const { detail } = (await answer.json().catch(() => ({}))) as { detail?: string }
      return { state: 'failed', problem: detail ?? `The server answered with HTTP status ${answer.status}.` }
    }
    const { providers } = (await answer.json()) as { providers: SignInProvider[] }
    return { state: providers.length > 0 ? 'ready' : 'none', providers }
  } catch {
    return { state: 'failed', problem: 'The server did not answer. Is it running?' }
  }
}

/** The ways to sign in to this server. */
export function useSignIn() {
  const state = shallowRef<SignInState>('loading')
  const providers = shallowRef<SignInProvider[]>([])
  const problem = shallowRef<string>()

  async function read(): Promise<void> {
    state.value = 'loading'
    const answer = await readProviders()
    state.value = answer.state
    providers.value = answer.providers ?? []
    problem.value = answer.problem
  }
  void read()

  return { state, providers, problem, retry: () => void read() }
}
