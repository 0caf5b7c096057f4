import { createHash, randomBytes } from 'node:crypto'
import type { EntityManager } from '../db/orm.ts'
import type { Clock } from '../clock.ts'
import { SignInLinkEntity } from './sign-in-link.entity.ts'

/** Long enough to walk to another computer, short enough that a line in an old log is useless. */
export const linkMs = 15 * 60 * 1000

const theOne = 'link'
/** 128 random bits as base64url. */
const codeForm = /^[\w-]{22}$/

const hashOf = (code: string): string => createHash('sha256').update(code).digest('base64url')

/** Makes the code of a new link and invalidates the old one. Also used by commands, which run in their own process. */
export async function makeSignInCode(em: EntityManager, now: Date): Promise<string> {
  const code = randomBytes(16).toString('base64url')
  const row = { id: theOne, codeHash: hashOf(code), createdAt: now, expiresAt: new Date(now.getTime() + linkMs) }
  await em.fork().upsert(SignInLinkEntity, row)
  return code
}

export type SignInLinks = ReturnType<typeof createSignInLinks>

/** The link printed at startup. Each use reads it from the database, because `npm run link` makes links in its own process. */
export function createSignInLinks({ em, clock }: { em: EntityManager; clock: Clock }) {
  return {
    make: (): Promise<string> => makeSignInCode(em, clock.now()),

    /** Consumes the code. @returns false if it is wrong, expired or already used */
    async use(code: string): Promise<boolean> {
      if (!codeForm.test(code)) return false
      // One statement, so the same code lets in only one of two callers. It compares hashes, so its timing reveals nothing.
      const isUsedUp = await em.fork().nativeDelete(SignInLinkEntity, { codeHash: hashOf(code), expiresAt: { $gt: clock.now() } })
      return isUsedUp === 1
    },
  }
}
