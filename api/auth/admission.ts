import type { ProviderKind } from './grants.ts'
import type { AllowList, Profile } from './profile.ts'
import { givenByAdministrator, type UserRow } from './user.entity.ts'

/** Who can sign in: people on the allowlist of their provider, and those whom an administrator let in. */
export function createAdmission(deps: {
  allowListOf: (provider: string) => AllowList | null
  kindOf: (provider: string) => ProviderKind | null
}) {
  /** Whether people choose their own names at this provider. Such a name lets nobody in and proves no identity. */
  const isChosen = (provider: string): boolean => deps.kindOf(provider) === 'oidc'

  /** The allowlist entry that lets a person in, or null. */
  function entryFor({ provider, subject, login, email, groups }: Profile): string | null {
    const list = deps.allowListOf(provider)
    const names = [isChosen(provider) ? subject : login, email].flatMap((name) => name?.toLowerCase() ?? [])
    const user = list?.users.find((entry) => names.includes(entry))
    if (user) return user
    const group = list?.groups.find((entry) => groups.includes(entry))
    return group ? `group:${group}` : null
  }

  const isStillAllowed = ({ provider, allowedAs }: Pick<UserRow, 'provider' | 'allowedAs'>): boolean => {
    const list = deps.allowListOf(provider)
    if (!list) return false
    if (allowedAs === givenByAdministrator) return true
    return isGroup(allowedAs) ? list.groups.includes(allowedAs.slice(6)) : list.users.includes(allowedAs)
  }

  function refusal({ provider, login, subject }: Profile): string {
    const isNamed = deps.allowListOf(provider)?.users.includes(login.toLowerCase())
    return isNamed
      ? `${login} is on the list of people allowed to sign in, but anyone can choose that name. Put the e-mail address or the id ${subject} on the list instead`
      : `${login} is not on the list of people allowed to sign in here`
  }

  return {
    isChosen,
    entryFor,
    isStillAllowed,
    refusal,
    lacksVerification: ({ unverifiedEmail, ...profile }: Profile): boolean =>
      Boolean(unverifiedEmail) && entryFor({ ...profile, email: unverifiedEmail ?? null }) !== null,
  }
}

/** Whether an entry means one person, so that a second account cannot use it. */
export const isOnePerson = (entry: string): boolean => !isGroup(entry) && entry !== givenByAdministrator

export const isGroup = (entry: string): boolean => entry.startsWith('group:')
