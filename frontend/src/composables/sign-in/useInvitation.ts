import { shallowRef } from 'vue'
import type { Role } from '../../graphql/generated/graphql.ts'
import type { Problem } from '../../graphql/problem.ts'
import { sendJson } from '../../utils/shared/send-json.ts'
import type { SignInProvider } from './useSignInOptions.ts'

interface InvitationWire {
  role: string
  node_limit: string[] | null
  invited_by: string | null
}

export interface InvitationWords {
  role: Role
  nodeLimit: string[] | null
  /** Null if a script on the server made it. */
  invitedBy: string | null
}

/** An invitation that someone opened, and how they accept it. */
export function useInvitation(code: string) {
  const invitation = shallowRef<InvitationWords>()
  const problem = shallowRef<Problem>()
  const working = shallowRef(false)

  async function look(): Promise<void> {
    const sent = await sendJson<InvitationWire>('POST', '/auth/invitation', { code })
    if (!sent.ok) problem.value = sent.problem
    else {
      const { role, node_limit: nodeLimit, invited_by: invitedBy } = sent.data
      invitation.value = { role: role.toUpperCase() as Role, nodeLimit, invitedBy }
    }
  }
  void look()

  /** Resolves to the server's refusal, if any. */
  async function accept(input: { name: string; password: string }): Promise<Problem | undefined> {
    working.value = true
    const sent = await sendJson('PUT', '/auth/invitation', { code, name: input.name, password: input.password })
    working.value = false
    return sent.ok ? undefined : sent.problem
  }

  /** Leaves for the provider, whose account is then let in. */
  async function goTo({ id }: SignInProvider): Promise<Problem | undefined> {
    const sent = await sendJson<{ url: string }>('POST', `/auth/invitation/${id}`, { code })
    if (!sent.ok) return sent.problem
    window.location.assign(sent.data.url)
    return undefined
  }

  return { invitation, problem, working, accept, goTo }
}
