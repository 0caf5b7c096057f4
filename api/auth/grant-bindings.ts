import type { EntityManager } from '../db/orm.ts'
import type { Clock } from '../clock.ts'
import { StartError } from '../errors.ts'
import { GrantBindingEntity, type GrantBindingRow } from './grant-binding.entity.ts'
import { names, type Grant, type Person } from './grants.ts'

/** An account at its provider. */
export interface Account extends Person {
  provider: string
}

/** Key of the row that marks the accounts from before bindings as adopted. */
const adopted = '(accounts from before)'

const keyOf = ({ who }: Grant): string => {
  const isSubject = who.provider !== 'github' && !who.value.includes('@')
  return `${who.provider ?? ''}:${isSubject ? who.value : who.value.toLowerCase()}`
}

const inWords = ({ provider, subject, login }: Account): string => `${login} (${subject}) at ${provider}`

export type GrantBindings = ReturnType<typeof createGrantBindings>

/**
 * Binds each entry that names a person to the first account seen with that name, permanently: a name can pass to someone else,
 * the provider's account id cannot. Entries for groups are not bound, and follow what the provider says.
 */
export function createGrantBindings(deps: { em: EntityManager; clock: Clock; grants: Grant[]; note: (words: string) => void }) {
  const { em, clock, note } = deps
  const rows = new Map<string, GrantBindingRow>()
  const people = deps.grants.filter(({ who }) => who.kind === 'user')

  async function bind(entry: string, { provider, subject }: Pick<Account, 'provider' | 'subject'>): Promise<void> {
    const row = { entry, provider, subject, at: clock.now() }
    await em.fork().upsert(GrantBindingEntity, row)
    rows.set(entry, row)
  }

  function theOne(grant: Grant, found: Account[]): Account | undefined {
    if (found.length < 2) return found[0]
    throw new StartError(
      `AUTH_ADMINS, AUTH_OPERATORS or AUTH_VIEWERS: "${grant.who.value}" matches more than one account: ${found.map(inWords).join(', ')}. ` +
        'Say which one you mean: github:LOGIN, or oidc: followed by the e-mail address or the id in parentheses',
    )
  }

  /** Older versions granted roles by name at any provider. The account that has the name today keeps the role, and no other gets it. */
  async function adopt(accounts: Account[]): Promise<void> {
    if (rows.has(adopted)) return
    for (const grant of people.filter(({ who }) => who.isBare)) {
      const is = (name: string | null): boolean => name?.toLowerCase() === grant.who.value.toLowerCase()
      const account = theOne(
        grant,
        accounts.filter(({ kind, login, email }) => kind !== null && (is(login) || is(email))),
      )
      if (!account) continue
      await bind(keyOf(grant), account)
      note(`"${grant.who.value}" in AUTH_ADMINS, AUTH_OPERATORS or AUTH_VIEWERS now means ${inWords(account)} and no other account`)
    }
    await bind(adopted, { provider: '', subject: '' })
  }

  const boundTo = (grant: Grant): GrantBindingRow | undefined => rows.get(keyOf(grant))

  return {
    /** @param accounts accounts already allowed in @throws StartError for a name that could mean two people */
    async start(accounts: Account[]): Promise<void> {
      for (const row of await em.fork().find(GrantBindingEntity, {})) rows.set(row.entry, row)
      await adopt(accounts)
      for (const grant of people.filter((each) => !boundTo(each))) {
        const account = theOne(
          grant,
          accounts.filter((each) => names(grant, each)),
        )
        if (account) await bind(keyOf(grant), account)
        else if (grant.who.provider === null) {
          throw new StartError(
            `AUTH_ADMINS, AUTH_OPERATORS or AUTH_VIEWERS: "${grant.who.value}" could be a GitHub or an OpenID Connect account. Write github:${grant.who.value} or oidc:${grant.who.value}`,
          )
        }
      }
    },

    /** Call when someone has just signed in. */
    async seen(account: Account): Promise<void> {
      for (const grant of people) if (!boundTo(grant) && names(grant, account)) await bind(keyOf(grant), account)
    },

    isFor(grant: Grant, account: Account): boolean {
      if (grant.who.kind === 'group') return names(grant, account)
      const bound = boundTo(grant)
      return bound?.provider === account.provider && bound.subject === account.subject
    },

    /** Frees the names of an account that is removed. */
    async forget({ provider, subject }: Pick<Account, 'provider' | 'subject'>): Promise<void> {
      await em.fork().nativeDelete(GrantBindingEntity, { provider, subject })
      for (const [entry, row] of rows) if (row.provider === provider && row.subject === subject) rows.delete(entry)
    },
  }
}
