import { randomUUID } from 'node:crypto'
import type { EntityManager } from '../db/orm.ts'
import { UserEntity } from './user.entity.ts'
import type { AllowList, Profile } from './profile.ts'

/** The provider of people whose account is this server's own: they sign in with a name and a password. */
export const localProvider = 'local'

/** The account for people with a shell on this machine. It signs in with the link printed there. */
export const linkAccount: Profile = ownAccount('link', 'administrator')

/** The account that owns tokens made on this machine. Nobody signs in with it. */
export const machineAccount: Profile = ownAccount('machine', 'machine')

function ownAccount(provider: string, login: string): Profile {
  return { provider, subject: login, login, name: null, email: null, groups: [] }
}

const own = [linkAccount, machineAccount]

/** Whether this is one of the server's own accounts. They are always admins: whoever runs the machine can do everything anyway. */
export const isOwnAccount = (provider: string): boolean => own.some((account) => account.provider === provider)

export function ownAllowList(provider: string): AllowList | null {
  const account = own.find((each) => each.provider === provider)
  return account ? { users: [account.login], groups: [] } : null
}

/** The id of the account `machine`, created if it does not exist. */
export async function machineAccountId(em: EntityManager, now: Date): Promise<string> {
  const fork = em.fork()
  const { provider, subject, login, name, email, groups } = machineAccount
  const given = { allowedAs: login, role: null, nodeLimit: null }
  const row = { id: randomUUID(), provider, subject, login, name, email, groups, ...given, createdAt: now, lastSignInAt: now }
  // A command and the server can create it at the same time.
  await fork.upsert(UserEntity, row, { onConflictFields: ['provider', 'subject'], onConflictAction: 'ignore' })
  return (await fork.findOneOrFail(UserEntity, { provider, subject })).id
}
