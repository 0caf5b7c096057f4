import { randomUUID } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import type { JoinHop } from './join-hops.ts'

export interface JoinAttempt {
  id: string
  at: Date
  address: string
  hostname: string | null
  /** Both null for an unknown token. */
  tokenId: string | null
  tokenName: string | null
  ok: boolean
  nodeId: string | null
  /** Null if `ok`. */
  hop: JoinHop | null
  message: string
}

/** Attempts without a valid token have their own list, so that strangers cannot push out the others. */
const mostKept = 50
const mostOfStrangers = 20

export type JoinAttempts = ReturnType<typeof createJoinAttempts>

/** The most recent join attempts, in memory only. */
export function createJoinAttempts(deps: { clock: Clock; onAttempt: (attempt: JoinAttempt) => void }) {
  const kept: JoinAttempt[] = []
  const ofStrangers: JoinAttempt[] = []
  const lastOf = new Map<string, JoinAttempt>()

  return {
    add(given: Omit<JoinAttempt, 'id' | 'at'> & { at?: Date }): JoinAttempt {
      const attempt: JoinAttempt = { at: deps.clock.now(), ...given, id: randomUUID() }
      const [list, most] = attempt.tokenId === null ? [ofStrangers, mostOfStrangers] : [kept, mostKept]
      list.push(attempt)
      if (list.length > most) list.shift()
      if (attempt.tokenId !== null) lastOf.set(attempt.tokenId, attempt)
      deps.onAttempt(attempt)
      return attempt
    },

    /** Newest first. */
    list: (): JoinAttempt[] => [...kept, ...ofStrangers].sort((a, b) => b.at.getTime() - a.at.getTime()),

    lastOf: (tokenId: string): JoinAttempt | null => lastOf.get(tokenId) ?? null,

    /** Call when a token is removed. Its attempts stay in the list. */
    forget: (tokenId: string): void => void lastOf.delete(tokenId),
  }
}
