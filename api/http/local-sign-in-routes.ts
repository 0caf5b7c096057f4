import { Hono, type Context } from 'hono'
import { z } from 'zod'
import { localName, localProvider, type LocalUsers } from '../auth/local-users.ts'
import type { PasswordGuard } from '../auth/password-guard.ts'
import { longestPassword } from '../auth/password.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import { browserSecretOf } from './browser-secret.ts'
import { readJson } from './json-body.ts'
import type { HttpEnv } from './router.ts'
import { openSession, type SessionDeps } from './browser-sessions.ts'

export interface LocalSignInDeps extends SessionDeps {
  localUsers: LocalUsers
  /** Reads the local users, which another process sets up. */
  refresh: () => Promise<void>
  passwords: PasswordGuard
  log: Log
}

type Ctx = Context<HttpEnv>

const wrong = 'Wrong name or password'
const text = (longest: number) => z.string('must be a string').min(1, 'is required').max(longest, `must have at most ${longest} characters`)
const credentials = z.object({ name: text(200), password: text(longestPassword) })

/** Sign-in to a secondary with name and password. Public, so the password guard protects it. */
export function localSignInRoutes(deps: LocalSignInDeps): Hono<HttpEnv> {
  const routes = new Hono<HttpEnv>()
  routes.get('/auth/providers', (c) => {
    const offered = deps.localUsers.isEmpty() ? [] : [{ id: localProvider, label: 'name and password', url: '/auth/local' }]
    return c.json({ providers: offered, link: true })
  })
  routes.post('/auth/local', async (c) => signIn(deps, c, await readJson(c, credentials)))
  return routes
}

async function signIn(deps: LocalSignInDeps, c: Ctx, input: z.output<typeof credentials>): Promise<Response> {
  const { audit, passwords, localUsers, users, log } = deps
  const request = c.env.incoming
  const address = deps.addressOf(request)
  await deps.refresh()
  const found = await passwords.check({ name: localName(input.name), address, browser: browserSecretOf(request) }, () =>
    localUsers.verify(input.name, input.password),
  )
  if (!found) {
    // People sometimes type the password in place of the name, so unknown names are never logged.
    const name = localUsers.names().find((known) => known === localName(input.name)) ?? 'unknown'
    const actor = { name, via: 'password', address }
    const isWritten = await audit.noteRefusal(actor, { action: 'sign-in', subject: name }, 'denied', wrong)
    if (isWritten) log.warn({ user: name, address }, 'sign-in with a wrong name or password')
    throw new AppError('UNAUTHENTICATED', wrong)
  }
  const { name, version } = found
  const user = await users.signIn({ provider: localProvider, subject: version, login: name, name: null, email: null, groups: [] })
  await audit.note({ name, via: 'password', address }, { action: 'sign-in', subject: name }, 'succeeded')
  await openSession(deps, c, user)
  log.info({ user: name, address }, 'signed in')
  return c.json({ name })
}
