import { Hono, type Context } from 'hono'
import { z } from 'zod'
import type { Passkeys } from '../auth/passkeys.ts'
import { placeOf, type Limits } from '../auth/rate-limits.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import { openSession, type SessionDeps } from './browser-sessions.ts'
import { readJson } from './json-body.ts'
import type { HttpEnv } from './router.ts'

export interface PasskeySignInDeps extends SessionDeps {
  passkeys: Passkeys
  /** Whether the request comes from a page of this server, or from a program. */
  isOwnPage: (request: HttpEnv['Bindings']['incoming']) => boolean
  limits: Limits
  log: Log
}

const wrong = 'This passkey is not known here, or its answer is wrong. Sign in another way'
/** Several times what browsers send. */
const longest = 5000
const text = z.string('must be a string').max(longest, `must have at most ${longest} characters`)
const form = z.object({
  state: text,
  response: z.looseObject({
    id: text,
    rawId: text,
    type: z.literal('public-key'),
    clientExtensionResults: z.looseObject({}),
    response: z.looseObject({ authenticatorData: text, clientDataJSON: text, signature: text }),
  }),
})

/** Sign-in with a passkey. Public. */
export function passkeySignInRoutes(deps: PasskeySignInDeps): Hono<HttpEnv> {
  const routes = new Hono<HttpEnv>()
  routes.post('/auth/passkey/options', async (c) => c.json(await deps.passkeys.beginSignIn()))
  routes.post('/auth/passkey', async (c) => {
    if (!deps.isOwnPage(c.env.incoming)) throw new AppError('FORBIDDEN', 'This request came from another site')
    return signIn(deps, c, await readJson(c, form))
  })
  return routes
}

async function signIn(deps: PasskeySignInDeps, c: Context<HttpEnv>, answer: z.output<typeof form>): Promise<Response> {
  const { audit, passkeys, users, limits, log } = deps
  const address = deps.addressOf(c.env.incoming)
  const id = await passkeys.signIn(answer)
  const known = users.find(id ?? '')
  if (!known) {
    // Only failures count, and per place, as for sign-in links.
    await limits.take('sign-in-link', placeOf(address))
    const actor = { name: 'unknown', via: 'passkey', address }
    if (await audit.noteRefusal(actor, { action: 'sign-in', subject: null }, 'denied', wrong))
      log.warn({ address }, 'sign-in with a wrong passkey')
    throw new AppError('UNAUTHENTICATED', wrong)
  }
  const user = await users.signedIn(known.id)
  await audit.note({ name: user.login, via: 'passkey', address }, { action: 'sign-in', subject: user.login }, 'succeeded')
  await openSession(deps, c, user, 'passkey')
  log.info({ user: user.login, address }, 'signed in with a passkey')
  return c.json({ name: user.login })
}
