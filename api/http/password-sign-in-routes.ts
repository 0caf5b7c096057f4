import { Hono, type Context } from 'hono'
import { z } from 'zod'
import type { PasswordGuard, PasswordTry } from '../auth/password-guard.ts'
import { longestPassword } from '../auth/password.ts'
import { signInName, type Passwords } from '../auth/passwords.ts'
import type { SecondFactors } from '../auth/second-factors.ts'
import type { KnownUser } from '../auth/users.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import { browserSecretOf } from './browser-secret.ts'
import { openSession, type SessionDeps } from './browser-sessions.ts'
import { readJson } from './json-body.ts'
import type { HttpEnv } from './router.ts'

export interface PasswordSignInDeps extends SessionDeps {
  passwords: Passwords
  passwordGuard: PasswordGuard
  secondFactors: SecondFactors
  /** Whether the request comes from a page of this server, or from a program. */
  isOwnPage: (request: HttpEnv['Bindings']['incoming']) => boolean
  log: Log
}

type Ctx = Context<HttpEnv>

const wrong = 'Wrong name or password'
const text = (longest: number) => z.string('must be a string').min(1, 'is required').max(longest, `must have at most ${longest} characters`)
const credentials = z.object({
  name: text(200),
  password: text(longestPassword),
  code: z.string('must be a string').max(100, 'must have at most 100 characters').optional(),
})

/** Sign-in with name and password. Public, so the password guard protects it. */
export function passwordSignInRoutes(deps: PasswordSignInDeps): Hono<HttpEnv> {
  const routes = new Hono<HttpEnv>()
  routes.post('/auth/password', async (c) => {
    if (!deps.isOwnPage(c.env.incoming)) throw new AppError('FORBIDDEN', 'This request came from another site')
    return signIn(deps, c, await readJson(c, credentials))
  })
  return routes
}

async function signIn(deps: PasswordSignInDeps, c: Ctx, input: z.output<typeof credentials>): Promise<Response> {
  const { audit, passwordGuard, passwords, users, log } = deps
  const request = c.env.incoming
  const address = deps.addressOf(request)
  const place = { name: signInName(input.name), address, browser: browserSecretOf(request) }
  const id = await passwordGuard.check(place, () => passwords.verify(input.name, input.password))
  const known = users.find(id ?? '')
  if (!known) return refuse(deps, { name: place.name, address })
  if (deps.secondFactors.isOn(known.id)) await needCode(deps, known, { place, code: input.code?.trim() ?? '' })
  await passwordGuard.passed(place)
  const user = await users.signedIn(known.id)
  await audit.note({ name: user.login, via: 'password', address }, { action: 'sign-in', subject: user.login }, 'succeeded')
  await openSession(deps, c, user, 'password')
  log.info({ user: user.login, address }, 'signed in')
  return c.json({ name: user.login })
}

/** @throws SECOND_FACTOR_NEEDED without a code or with a wrong one, RATE_LIMITED */
async function needCode(
  { audit, passwordGuard, secondFactors, log }: PasswordSignInDeps,
  { id, login }: KnownUser,
  { place, code }: { place: PasswordTry; code: string },
): Promise<void> {
  if (code === '') throw new AppError('SECOND_FACTOR_NEEDED', 'Enter the code from your authenticator app, or a recovery code')
  if (await passwordGuard.checkCode(place, () => secondFactors.use(id, code))) return
  const { address } = place
  const actor = { name: login, via: 'password', address }
  const isWritten = await audit.noteRefusal(actor, { action: 'sign-in', subject: login }, 'denied', 'Wrong code')
  if (isWritten) log.warn({ user: login, address }, 'sign-in with a wrong code')
  throw new AppError(
    'SECOND_FACTOR_NEEDED',
    'This code is wrong or was used before. Enter the one that your app shows now, or a recovery code',
  )
}

async function refuse({ audit, passwords, users, log }: PasswordSignInDeps, at: { name: string; address: string }): Promise<never> {
  // People sometimes type the password in place of the name, so unknown names are never logged.
  const owner: KnownUser | undefined = users.find(passwords.ownerOf(at.name) ?? '')
  const name = owner?.login ?? 'unknown'
  const isWritten = await audit.noteRefusal(
    { name, via: 'password', address: at.address },
    { action: 'sign-in', subject: name },
    'denied',
    wrong,
  )
  if (isWritten) log.warn({ user: name, address: at.address }, 'sign-in with a wrong name or password')
  throw new AppError('UNAUTHENTICATED', wrong)
}
