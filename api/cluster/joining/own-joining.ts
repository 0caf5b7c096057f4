import type { Clock } from '../../clock.ts'
import { errorMessage } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { NodeAbout } from '../members/node-about.ts'
import { createJoinCall } from './join-call.ts'
import { createJoiner } from './joiner.ts'

/** Joins this node to its primary's cluster, once, with a token. */
export function createOwnJoining(deps: {
  primaryUrl: string
  token: string
  self: { id: string; apiEndpoint: string; apiKey: string }
  /** The configured name, not the one that an earlier cluster gave this node. */
  name: string
  about: NodeAbout
  isMember: () => Promise<boolean>
  joinedAs: (name: string) => Promise<void>
  onMember: () => void
  clock: Clock
  random: () => number
  log: Log
}) {
  const { primaryUrl, token, self, name, about, isMember, joinedAs, onMember, clock, random, log } = deps
  return createJoiner({
    primaryUrl,
    isMember,
    async join(earlier) {
      const outcome = await createJoinCall({ primaryUrl, token, self: { ...self, name }, about, clock })(earlier)
      if (outcome.kind === 'joined') {
        await joinedAs(outcome.name).catch((error: unknown) =>
          log.warn({ error: errorMessage(error) }, 'could not save the name of this node'),
        )
      }
      return outcome
    },
    onMember,
    clock,
    random,
    log,
  })
}
