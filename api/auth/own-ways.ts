import type { Clock } from '../clock.ts'
import type { EntityManager } from '../db/orm.ts'
import { createPasskeys } from './passkeys.ts'
import { createPasswords } from './passwords.ts'
import { createSecondFactors } from './second-factors.ts'
import type { SecretBox } from './secret-box.ts'

/** The ways to sign in that this server keeps itself: passwords, authenticator apps and passkeys. */
export function createOwnWays(deps: { em: EntityManager; clock: Clock; box: SecretBox; baseUrl: string; onChanged: () => void }) {
  const ways = { passwords: createPasswords(deps), secondFactors: createSecondFactors(deps), passkeys: createPasskeys(deps) }
  return {
    ...ways,
    async startWays(): Promise<void> {
      for (const way of Object.values(ways)) await way.start()
    },
    /** The database deletes them with the account. */
    forgetWays(userId: string): void {
      for (const way of Object.values(ways)) way.forgetUser(userId)
    },
  }
}
