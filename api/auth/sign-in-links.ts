import { createHash, randomBytes } from 'node:crypto'
import type { EntityManager } from '../db/orm.ts'
import type { Clock } from '../clock.ts'
import { SignInLinkEntity } from './sign-in-link.entity.ts'

/** Long enough to walk to another computer, short enough that a line in an old log signs nobody in. */
export const linkMs = 15 * 60 * 1000

const theOne = 'link'
/** 128 random bits as base64url. */
const codeForm = /^[\w-]{22}$/

const hashOf = (code: string): string => createHash('sha256').update(code).digest('base64url')

/** Makes the code of a new link; the one before is good for nothing from now on. Also for commands, which run beside the server. */
export async function makeSignInCode(em: EntityManager, now: Date): Promise<string> {
  const code = randomBytes(16).toString('base64url')
  const row = { id: theOne, codeHash: hashOf(code), createdAt: now, expiresAt: new Date(now.getTime() + linkMs) }
  await em.fork().upsert(SignInLinkEntity, row)
  return code
}

export type SignInLinks = ReturnType<typeof createSignInLinks>

/** The link that a start prints. It is read anew at each use, because `npm run link` makes one in a process of its own. */
export function createSignInLinks({ em, clock }: { em: EntityManager; clock: Clock }) {
  return {
    make: (): Promise<string> => makeSignInCode(em, clock.now()),

    /** Uses the code up. @returns false when it is wrong, over, or was used */
    async use(code: string): Promise<boolean> {
      if (!codeForm.test(code)) return false
      // One statement, so that of two who come with the same code one is let in. What is compared is a hash, so how long it takes tells nothing.
      const isUsedUp = await em.fork().nativeDelete(SignInLinkEntity, { codeHash: hashOf(code), expiresAt: { $gt: clock.now() } })
      return isUsedUp === 1
    },
  }
}
