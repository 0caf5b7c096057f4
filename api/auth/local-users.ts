import { randomUUID } from 'node:crypto'
import type { EntityManager } from '../db/orm.ts'
import { AppError, invalidInput } from '../errors.ts'
import { LocalUserEntity, type LocalUserRow } from './local-user.entity.ts'
import { hashPassword, passwordProblem, verifyPassword } from './password.ts'

/** The provider of local users' accounts. */
export const localProvider = 'local'

export type LocalUsers = ReturnType<typeof createLocalUsers>

/** Names ignore case, because phones capitalize the first letter. */
export const localName = (text: string): string => text.trim().toLowerCase()

/**
 * The people who can sign in at this node with a password. `npm run local-user` writes them in its own process, so they are read
 * again every few seconds and before each sign-in.
 */
export function createLocalUsers({ em }: { em: EntityManager }) {
  let rows = new Map<string, LocalUserRow>()
  let hashOfNobody: Promise<string> | undefined

  return {
    async refresh(): Promise<void> {
      rows = new Map((await em.fork().find(LocalUserEntity, {})).map((row) => [row.name, row]))
    },

    isEmpty: (): boolean => rows.size === 0,
    names: (): string[] => [...rows.keys()],
    versions: (): Set<string> => new Set([...rows.values()].map(({ version }) => version)),

    /**
     * The user with this name and password, or null. An unknown name costs the same work as a wrong password: 64 MiB and a few
     * tenths of a second, so only the password guard calls this.
     */
    async verify(name: string, password: string): Promise<{ name: string; version: string } | null> {
      const row = rows.get(localName(name))
      hashOfNobody ??= hashPassword(randomUUID())
      const stored = row?.passwordHash ?? (await hashOfNobody)
      const isRight = await verifyPassword(password, stored)
      return row && isRight ? { name: row.name, version: row.version } : null
    },
  }
}

/** Creates a local user, or changes the password of an existing one. @throws INVALID_INPUT naming the field */
export async function setLocalUser(em: EntityManager, input: { name: string; password: string; now: Date }): Promise<'made' | 'changed'> {
  const name = localName(input.name)
  const problem = passwordProblem(input.password)
  if (!/^[a-z0-9][a-z0-9._@-]{0,63}$/.test(name)) {
    throw invalidInput([{ field: 'name', message: 'must have 1 to 64 letters, digits or . _ @ - and start with a letter or digit' }])
  }
  if (problem) throw invalidInput([{ field: 'password', message: problem }])
  const passwordHash = await hashPassword(input.password)
  const fork = em.fork()
  const known = await fork.findOne(LocalUserEntity, { name })
  const createdAt = known?.createdAt ?? input.now
  await fork.upsert(LocalUserEntity, { name, version: randomUUID(), passwordHash, createdAt, changedAt: input.now })
  return known ? 'changed' : 'made'
}

/** @throws NOT_FOUND */
export async function removeLocalUser(em: EntityManager, name: string): Promise<void> {
  const count = await em.fork().nativeDelete(LocalUserEntity, { name: localName(name) })
  if (count === 0) throw new AppError('NOT_FOUND', `There is no local user named ${name}`)
}

export const listLocalUsers = (em: EntityManager): Promise<LocalUserRow[]> =>
  em.fork().find(LocalUserEntity, {}, { orderBy: { name: 'asc' } })
