import { randomUUID } from 'node:crypto'
import type { EntityManager } from '../db/orm.ts'
import type { Log } from '../log.ts'
import { LocalUserEntity } from './local-user.entity.ts'
import { localProvider } from './own-accounts.ts'
import { PasswordEntity } from './password.entity.ts'
import { givenByAdministrator, UserEntity } from './user.entity.ts'

/**
 * In older versions, `npm run local-user` wrote people with a name and a password into a table of their own, on secondaries. Each
 * becomes an account with the same name, password, sessions and tokens. Primaries ignored that table, so there nobody gets in by it.
 */
export async function adoptLocalUsers({ em, isPrimary, log }: { em: EntityManager; isPrimary: boolean; log: Log }): Promise<void> {
  const fork = em.fork()
  const former = await fork.find(LocalUserEntity, {})
  if (former.length === 0) return
  await fork.transactional(async (transaction) => {
    for (const { name, version, passwordHash, createdAt, changedAt } of isPrimary ? [] : former) {
      const known = await transaction.findOne(UserEntity, { provider: localProvider, subject: version })
      const id = known?.id ?? randomUUID()
      const account = { provider: localProvider, subject: version, allowedAs: givenByAdministrator, login: name }
      const nothing = { name: null, email: null, groups: [], nodeLimit: null }
      await transaction.upsert(UserEntity, {
        id,
        ...account,
        ...nothing,
        role: 'admin',
        createdAt,
        lastSignInAt: known?.lastSignInAt ?? createdAt,
      })
      await transaction.upsert(PasswordEntity, { user: id, name, passwordHash, changedAt })
    }
    await transaction.nativeDelete(LocalUserEntity, {})
  })
  const names = former.map(({ name }) => name)
  if (isPrimary)
    log.warn({ names }, 'names and passwords of local users were deleted: they never worked on a primary. Sign in and set a password')
  else
    log.info(
      { names },
      'local users now sign in with the same name and password as administrators of this node. Their accounts are on the Users page',
    )
}
