import { randomBytes } from 'node:crypto'
import { linkAccount } from '../../api/auth/own-accounts.ts'
import type { Environment } from '../../api/config.ts'
import type { Role } from '../../api/auth/permissions.ts'
import type { KnownUser } from '../../api/auth/users.ts'
import { browserSecretHeader } from '../../api/http/browser-secret.ts'
import type { RunningNode } from './running-node.ts'

type Server = Pick<RunningNode, 'services'>

/** Settings for sign-in with GitHub. People are named after their roles. Those of the lab are limited to nodes with env=lab. */
export const peopleSettings: Environment = {
  AUTH_ENABLED: 'true',
  JWT_SECRET: 'a secret of at least thirty-two characters',
  GITHUB_CLIENT_ID: 'client',
  GITHUB_CLIENT_SECRET: 'secret',
  GITHUB_ALLOWED_USERS: 'admin,operator,viewer,lab-admin,lab-operator,owner,browser-owner,lab-owner,former-admin,leaver',
  AUTH_ADMINS: 'admin,owner,browser-owner,leaver,lab-admin[env=lab]',
  AUTH_OPERATORS: 'operator,lab-operator[env=lab],lab-owner[env=lab]',
}

/** Does what the sign-in routes do after the provider has identified a person. */
export const signIn = ({ services }: Server, login: string, subject = `subject of ${login}`): Promise<KnownUser> =>
  services.access.users.signIn({ provider: 'github', subject, login, name: null, email: null, groups: [] })

/** Headers of a browser that has just signed in. */
export async function sessionOf({ services }: Server, { id }: { id: string }): Promise<{ cookie: string }> {
  const value = await services.access.sessions?.open(id, { address: '192.0.2.7', userAgent: 'a test' })
  if (value === undefined) throw new Error('nobody signs in at this server')
  return { cookie: `selfhostly_session=${value}` }
}

/** Headers of a dashboard that has just signed in: its session is valid only together with the secret it keeps. */
export async function boundSession({ services }: Server, { id }: { id: string }): Promise<Record<string, string> & { cookie: string }> {
  const browser = randomBytes(32).toString('base64url')
  const value = await services.access.sessions?.open(id, { address: '192.0.2.7', userAgent: 'a test', browser })
  if (value === undefined) throw new Error('nobody signs in at this server')
  return { cookie: `selfhostly_session=${value}`, [browserSecretHeader]: browser }
}

/** Headers of someone who signed in by link. As a person, not a script, they can manage tokens and sessions. */
export const administrator = async (server: Server): Promise<Record<string, string>> =>
  sessionOf(server, await server.services.access.users.signIn(linkAccount))

let made = 0

/** Headers of a script with its own token. @param owner null for a token made on the server's machine */
export async function tokenOf(
  { services }: Server,
  owner: { id: string; role: Role } | null,
  scope: Role,
): Promise<{ authorization: string; id: string }> {
  const input = { name: `token ${++made}`, scope, expiresInDays: 1 }
  const { secret, token } = await services.access.tokens.create(
    { userId: owner?.id ?? services.access.machineId(), role: owner?.role ?? 'admin' },
    input,
  )
  return { authorization: `Bearer ${secret}`, id: token.id }
}
