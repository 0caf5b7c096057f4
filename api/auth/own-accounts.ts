import { randomUUID } from 'node:crypto'
import type { EntityManager } from '../db/orm.ts'
import { UserEntity } from './user.entity.ts'
import type { AllowList, Profile } from './users.ts'

/** Whoever has a shell on this machine: signs in with a link that is printed there. */
export const linkAccount: Profile = ownAccount('link', 'administrator')

/** Whom the tokens belong to that are made on this machine. Nobody signs in with it. */
export const machineAccount: Profile = ownAccount('machine', 'machine')

function ownAccount(provider: string, login: string): Profile {
  return { provider, subject: login, login, name: null, email: null, groups: [] }
}

const own = [linkAccount, machineAccount]

/** Accounts of this server itself. They are administrators, whatever is granted to whom: who runs the machine can do all that anyway. */
export const isOwnAccount = (provider: string): boolean => own.some((account) => account.provider === provider)

export function ownAllowList(provider: string): AllowList | null {
  const account = own.find((each) => each.provider === provider)
  return account ? { users: [account.login], groups: [] } : null
}

/** The id of the account `machine`, which is made when it is not there yet. */
export async function machineAccountId(em: EntityManager, now: Date): Promise<string> {
  const fork = em.fork()
  const { provider, subject, login, name, email, groups } = machineAccount
  const row = { id: randomUUID(), provider, subject, login, name, email, groups, allowedAs: login, createdAt: now, lastSignInAt: now }
  // A command and the server may both be first.
  await fork.upsert(UserEntity, row, { onConflictFields: ['provider', 'subject'], onConflictAction: 'ignore' })
  return (await fork.findOneOrFail(UserEntity, { provider, subject })).id
}
