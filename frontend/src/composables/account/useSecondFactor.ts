import { beginSecondFactor, confirmSecondFactor, removeSecondFactor } from '../../graphql/documents/account.ts'
import type { NewSecondFactorItem } from '../../graphql/items.ts'
import type { Problem } from '../../graphql/problem.ts'
import { picked, refusalIn, useMutate } from '../shared/useMutate.ts'
import type { Outcome } from '../shared/useMutate.ts'

export type SecondFactor = ReturnType<typeof useSecondFactor>

/** Sets up an authenticator app for the viewer, and removes it. */
export function useSecondFactor() {
  const mutate = useMutate()

  async function begin(): Promise<Outcome<NewSecondFactorItem>> {
    return picked(await mutate(beginSecondFactor, {}), (data) => data.beginSecondFactor)
  }

  /** Resolves to the recovery codes. */
  async function confirm(code: string): Promise<Outcome<string[]>> {
    return picked(await mutate(confirmSecondFactor, { code }), (data) => data.confirmSecondFactor)
  }

  async function remove(code: string): Promise<Problem | undefined> {
    return refusalIn(await mutate(removeSecondFactor, { code }))
  }

  return { begin, confirm, remove }
}
