import { Hono, type Context } from 'hono'
import { z } from 'zod'
import { placeOf, type Limits } from '../auth/rate-limits.ts'
import { linkAccount } from '../auth/own-accounts.ts'
import type { SignInLinks } from '../auth/sign-in-links.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import { readJson } from './json-body.ts'
import type { HttpEnv } from './router.ts'
import { ownCommand } from '../own-command.ts'
import { openSession, signOut, type SessionDeps } from './browser-sessions.ts'

export interface LinkSignInDeps extends SessionDeps {
  links: SignInLinks
  /** Whether the request comes from a page of this server, or from a program. */
  isOwnPage: (request: HttpEnv['Bindings']['incoming']) => boolean
  limits: Limits
  log: Log
}

const wrong = `This link is invalid, expired or already used. To get a new one, run this on the server: ${ownCommand('link')}`
const form = z.object({ code: z.string('must be a string').max(200, 'must have at most 200 characters') })

/** Sign-in with the link printed at startup or by `npm run link`, and sign-out. Exists wherever people sign in. Public. */
export function linkSignInRoutes(deps: LinkSignInDeps): Hono<HttpEnv> {
  const routes = new Hono<HttpEnv>()
  routes.use('/auth/*', async (c, next) => {
    c.header('cache-control', 'no-store')
    await next()
  })
  routes.post('/auth/link', async (c) => {
    // Pages of other sites cannot sign anyone in, even if CORS_ORIGINS lets them call this server.
    if (!deps.isOwnPage(c.env.incoming)) throw new AppError('FORBIDDEN', 'This request came from another site')
    return signIn(deps, c, (await readJson(c, form)).code)
  })
  routes.post('/auth/sign-out', (c) => signOut(deps, c))
  return routes
}

async function signIn(deps: LinkSignInDeps, c: Context<HttpEnv>, code: string): Promise<Response> {
  const { audit, limits, links, users, log } = deps
  const address = deps.addressOf(c.env.incoming)
  const { login: name } = linkAccount
  if (!(await links.use(code))) {
    // Only failures count, and per place. Wrong guesses never keep the correct code out.
    await limits.take('sign-in-link', placeOf(address))
    const isWritten = await audit.noteRefusal(
      { name: 'unknown', via: 'link', address },
      { action: 'sign-in', subject: null },
      'denied',
      wrong,
    )
    if (isWritten) log.warn({ address }, 'sign-in with a wrong link')
    throw new AppError('UNAUTHENTICATED', wrong)
  }
  const user = await users.signIn(linkAccount)
  await audit.note({ name, via: 'link', address }, { action: 'sign-in', subject: name }, 'succeeded')
  await openSession(deps, c, user, 'link')
  log.info({ user: name, address }, 'signed in with the link')
  return c.json({ name })
}
