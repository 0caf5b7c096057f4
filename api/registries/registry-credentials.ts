import type { Clock } from '../clock.ts'
import type { EntityManager } from '../db/orm.ts'
import { AppError, invalidInput, type FieldError } from '../errors.ts'
import { parseRegistry } from '../image-reference.ts'
import { RegistryCredentialEntity, registryPasswords, type RegistryCredentialRow } from './registry-credential.entity.ts'
import type { Login } from './registry-tokens.ts'

/** How to sign in to one registry. */
export interface RegistryLogin extends Login {
  registry: string
}

export interface KnownCredential {
  registry: string
  username: string
  updatedAt: Date
}

/** Tokens of cloud registries have some thousand characters. */
export const credentialBounds = { username: 500, password: 10_000, registries: 200 }

export type RegistryCredentials = ReturnType<typeof createRegistryCredentials>

/** User names and passwords of registries. People enter them on the primary; passwords are sealed on disk and never shown. */
export function createRegistryCredentials(deps: {
  em: EntityManager
  seal: (value: string, context: string) => string
  open: (sealed: string, context: string) => string
  clock: Clock
  /** True on a secondary, which keeps copies of its primary's. */
  readOnly: boolean
  onChange: (registry: string) => void
}) {
  const { em, clock } = deps
  const { contextOf } = registryPasswords
  const rows = new Map<string, RegistryCredentialRow>()
  let changedAt = 0

  const loginFor = (registry: string): RegistryLogin | null => {
    const row = rows.get(registry)
    return row ? { registry, username: row.username, password: deps.open(row.password, contextOf(registry)) } : null
  }

  async function store(registry: string, login: Login | null): Promise<void> {
    const before = loginFor(registry)
    if (before?.username === login?.username && before?.password === login?.password) return
    const fork = em.fork()
    if (login === null) {
      await fork.nativeDelete(RegistryCredentialEntity, { registry })
      rows.delete(registry)
    } else {
      const row = { registry, username: login.username, password: deps.seal(login.password, contextOf(registry)), updatedAt: clock.now() }
      await fork.upsert(RegistryCredentialEntity, row)
      rows.set(registry, row)
    }
    changedAt = Math.max(clock.now().getTime(), changedAt + 1)
    deps.onChange(registry)
  }

  return {
    async start(): Promise<void> {
      for (const row of await em.fork().find(RegistryCredentialEntity, {})) rows.set(row.registry, { ...row })
      // Whatever was missed by nodes while this one was down is fetched again.
      if (rows.size > 0) changedAt = clock.now().getTime()
    },

    /** Without passwords. */
    list: (): KnownCredential[] =>
      [...rows.values()]
        .map(({ registry, username, updatedAt }) => ({ registry, username, updatedAt }))
        .toSorted((a, b) => (a.registry < b.registry ? -1 : 1)),

    /** For this program and its nodes only. */
    loginFor,

    /** Differs after every change; empty while there was none. */
    version: (): string => (changedAt === 0 ? '' : String(changedAt)),

    /** Null for both removes it. @returns the registry's one name @throws FORBIDDEN on a secondary, INVALID_INPUT */
    async set(input: { registry: string; username?: string | null; password?: string | null }): Promise<string> {
      if (deps.readOnly) throw new AppError('FORBIDDEN', 'This is a secondary node. Enter logins of registries on its primary')
      const registry = parseRegistry(input.registry)
      const username = input.username?.trim() ?? ''
      const password = input.password ?? ''
      const problems = problemsOf(registry, username, password)
      if (registry !== null && !rows.has(registry) && rows.size >= credentialBounds.registries)
        problems.push({ field: 'registry', message: `There are ${credentialBounds.registries} already, which is the maximum` })
      if (registry === null || problems.length > 0) throw invalidInput(problems)
      await store(registry, username === '' ? null : { username, password })
      return registry
    },

    /** Takes over what the primary has for these registries, and drops every other. */
    async replace(asked: string[], logins: RegistryLogin[]): Promise<void> {
      for (const registry of new Set([...asked, ...rows.keys()])) {
        const login = asked.includes(registry) ? logins.find((each) => each.registry === registry) : undefined
        await store(registry, login ?? null)
      }
    },
  }
}

function problemsOf(registry: string | null, username: string, password: string): FieldError[] {
  const problems: FieldError[] = []
  if (registry === null) problems.push({ field: 'registry', message: 'must be a host such as ghcr.io or registry.example.com:5000' })
  if ((username === '') !== (password === ''))
    problems.push({ field: username === '' ? 'username' : 'password', message: 'is missing. Give both, or neither to remove them' })
  // In Basic credentials, the first colon ends the name.
  if (/[:\p{Cc}]/u.test(username)) problems.push({ field: 'username', message: 'must not contain a colon or control characters' })
  if (username.length > credentialBounds.username)
    problems.push({ field: 'username', message: `must have at most ${credentialBounds.username} characters` })
  if (password.length > credentialBounds.password || /\p{Cc}/u.test(password))
    problems.push({ field: 'password', message: `must have at most ${credentialBounds.password} characters and no line breaks` })
  return problems
}
