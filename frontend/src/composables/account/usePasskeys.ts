import { shallowRef } from 'vue'
import { addPasskey, beginPasskey, removePasskey, renamePasskey } from '../../graphql/documents/account.ts'
import type { PasskeyItem } from '../../graphql/items.ts'
import type { Problem } from '../../graphql/problem.ts'
import { passkeyFailure } from '../../utils/shared/passkey-words.ts'
import { refusalIn, useMutate } from '../shared/useMutate.ts'

export type Passkeys = ReturnType<typeof usePasskeys>

/** Adds, renames and removes passkeys of the viewer. */
export function usePasskeys() {
  const mutate = useMutate()
  const working = shallowRef(false)

  async function ask(name: string): Promise<Problem | undefined> {
    const begun = await mutate(beginPasskey, {})
    if (!begun.ok) return begun.problem
    const { options, state } = begun.data.beginPasskey
    const { startRegistration } = await import('@simplewebauthn/browser')
    type Options = Parameters<typeof startRegistration>[0]['optionsJSON']
    const answer = await startRegistration({ optionsJSON: JSON.parse(options) as Options })
    const input = { name, state, response: JSON.stringify(answer) }
    return refusalIn(await mutate(addPasskey, { input }))
  }

  /** Resolves to why there is none now, if so. */
  async function add(name: string): Promise<Problem | undefined> {
    working.value = true
    const problem = await ask(name).catch(passkeyFailure)
    working.value = false
    return problem
  }

  async function rename({ id }: PasskeyItem, name: string): Promise<Problem | undefined> {
    return refusalIn(await mutate(renamePasskey, { id, name }))
  }

  async function remove({ id }: PasskeyItem): Promise<Problem | undefined> {
    return refusalIn(await mutate(removePasskey, { id }))
  }

  return { working, add, rename, remove }
}
