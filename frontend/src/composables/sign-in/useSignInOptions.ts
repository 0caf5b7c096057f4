import { shallowRef } from 'vue'

export interface SignInProvider {
  id: string
  label: string
  /** The path that starts the sign-in. */
  url: string
}

/** The ways to sign in, as the server lists them. */
interface Ways {
  providers: SignInProvider[]
  /** Whether anyone has a password. */
  password: boolean
  passkey: boolean
  /** Whether sign-in links work. */
  link: boolean
}

/** 'none': this server has no sign-in of its own. */
export type SignInState = 'loading' | 'ready' | 'none' | 'failed'

async function readProviders(): Promise<{ state: SignInState; ways?: Ways; problem?: string }> {
  try {
    const answer = await fetch('/auth/providers', { headers: { accept: 'application/json' } })
    if (!answer.ok) {
      const { detail } = (await answer.json().catch(() => ({}))) as { detail?: string }
      return { state: 'failed', problem: detail ?? `The server answered with HTTP status ${answer.status}.` }
    }
    const ways = (await answer.json()) as Ways
    return { state: ways.link || ways.providers.length > 0 ? 'ready' : 'none', ways }
  } catch {
    return { state: 'failed', problem: 'The server did not answer. Is it running?' }
  }
}

/** The ways to sign in to this server. */
export function useSignInOptions() {
  const state = shallowRef<SignInState>('loading')
  const providers = shallowRef<SignInProvider[]>([])
  const hasPassword = shallowRef(false)
  const hasPasskey = shallowRef(false)
  const hasLink = shallowRef(false)
  const problem = shallowRef<string>()

  async function read(): Promise<void> {
    state.value = 'loading'
    const answer = await readProviders()
    state.value = answer.state
    providers.value = answer.ways?.providers ?? []
    hasPassword.value = answer.ways?.password ?? false
    hasPasskey.value = answer.ways?.passkey ?? false
    hasLink.value = answer.ways?.link ?? false
    problem.value = answer.problem
  }
  void read()

  return { state, providers, hasPassword, hasPasskey, hasLink, problem, retry: () => void read() }
}
