import { randomUUID } from 'node:crypto'
import type { EntityManager } from '../db/orm.ts'
import type { Clock } from '../clock.ts'
import { invalidInput } from '../errors.ts'
import { PasswordEntity, type PasswordRow } from './password.entity.ts'
import { hashPassword, passwordProblem, verifyPassword } from './password.ts'

/** Names ignore case, because phones capitalize the first letter. */
export const signInName = (text: string): string => text.trim().toLowerCase()

const isSignInName = (text: string): boolean => /^[a-z0-9][a-z0-9._@-]{0,63}$/.test(signInName(text))

/** For the audit log, which gets no text that can be a password in the wrong field. */
export const nameToWrite = (text: string): string | null => (isSignInName(text) ? signInName(text) : null)

/** @throws INVALID_INPUT naming each wrong field */
export function checkNameAndPassword({ name, password }: { name: string; password: string }): void {
  const isName = isSignInName(name)
  const problem = passwordProblem(password)
  const problems = [
    ...(isName ? [] : [{ field: 'name', message: 'must have 1 to 64 letters, digits or . _ @ - and start with a letter or digit' }]),
    ...(problem ? [{ field: 'password', message: problem }] : []),
  ]
  if (problems.length > 0) throw invalidInput(problems)
}

export type Passwords = ReturnType<typeof createPasswords>

/** The name and password of each account that has one. */
export function createPasswords({ em, clock, onChanged }: { em: EntityManager; clock: Clock; onChanged: () => void }) {
  const rows = new Map<string, PasswordRow>()
  let hashOfNobody: Promise<string> | undefined

  const find = (name: string): PasswordRow | undefined => [...rows.values()].find((row) => row.name === signInName(name))

  return {
    async start(): Promise<void> {
      for (const row of await em.fork().find(PasswordEntity, {})) rows.set(row.user, row)
    },

    /** The accounts that have a password. */
    owners: (): string[] => [...rows.keys()],

    nameOf: (userId: string): string | null => rows.get(userId)?.name ?? null,
    ownerOf: (name: string): string | null => find(name)?.user ?? null,

    /**
     * The account with this name and password, or null. An unknown name costs the same work as a wrong password: 64 MiB and a few
     * tenths of a second, so only the password guard calls this.
     */
    async verify(name: string, password: string): Promise<string | null> {
      const row = find(name)
      hashOfNobody ??= hashPassword(randomUUID())
      const isRight = await verifyPassword(password, row?.passwordHash ?? (await hashOfNobody))
      // It may have been replaced in the meantime.
      return row && isRight && rows.get(row.user) === row ? row.user : null
    },

    /** The caller has checked both and that the name is free. */
    async set(userId: string, { name, password }: { name: string; password: string }): Promise<void> {
      const row = { user: userId, name: signInName(name), passwordHash: await hashPassword(password), changedAt: clock.now() }
      const fork = em.fork()
      // Of someone whose provider no longer lets them in: everyone else's name is taken.
      const former = find(name)
      if (former && former.user !== userId) {
        await fork.nativeDelete(PasswordEntity, { user: former.user })
        rows.delete(former.user)
      }
      await fork.upsert(PasswordEntity, { ...row })
      rows.set(userId, row)
      onChanged()
    },

    /** The database deletes a password with its account. This drops it from memory. */
    forgetUser: (userId: string): void => void rows.delete(userId),
  }
}
