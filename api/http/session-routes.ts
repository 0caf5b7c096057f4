import { Hono, type Context } from 'hono'
import { z } from 'zod'
import { placeOf, type Limits } from '../auth/limits.ts'
import { linkAccount } from '../auth/own-accounts.ts'
import type { SignInLinks } from '../auth/sign-in-links.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import { readJson } from './json-body.ts'
import type { HttpEnv } from './router.ts'
import { openSession, signOut, type SessionDeps } from './sign-out.ts'

export interface SessionRoutesDeps extends SessionDeps {
  links: SignInLinks
  /** Whether the request comes from no page, or from one of this very server. */
  isOwnPage: (request: HttpEnv['Bindings']['incoming']) => boolean
  limits: Limits
  log: Log
}

const wrong = 'This link is wrong, over or was used. Make another one on the machine of the server: npm run link'
const form = z.object({ code: z.string('must be a text').max(200, 'must have at most 200 characters') })

/** What is there wherever people sign in: the link that the start, or `npm run link`, has printed, and the way out. Public. */
export function sessionRoutes(deps: SessionRoutesDeps): Hono<HttpEnv> {
  const routes = new Hono<HttpEnv>()
  routes.use('/auth/*', async (c, next) => {
    c.header('cache-control', 'no-store')
    await next()
  })
  routes.post('/auth/link', async (c) => {
    // Pages that may call this server (CORS_ORIGINS) still sign nobody in.
    if (!deps.isOwnPage(c.env.incoming)) throw new AppError('FORBIDDEN', 'This came from a page of another site')
    return signIn(deps, c, (await readJson(c, form)).code)
  })
  routes.post('/auth/sign-out', (c) => signOut(deps, c))
  return routes
}

async function signIn(deps: SessionRoutesDeps, c: Context<HttpEnv>, code: string): Promise<Response> {
  const { audit, limits, links, users, log } = deps
  const address = deps.addressOf(c.env.incoming)
  const { login: name } = linkAccount
  if (!(await links.use(code))) {
    // Only failures count, and each place for itself: nobody's guesses keep the right code out.
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
  await openSession(deps, c, user)
  log.info({ user: name, address }, 'signed in with the link')
  return c.json({ name })
}
