import { Hono, type Context } from 'hono'
import { z } from 'zod'
import { invalidInvitation, inviterName, type Invitations } from '../auth/invitations.ts'
import { nodeLimitWords } from '../auth/node-limits.ts'
import type { PasswordChanges } from '../auth/password-changes.ts'
import { longestPassword } from '../auth/password.ts'
import { placeOf, type Limits } from '../auth/rate-limits.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import { openSession, type SessionDeps } from './browser-sessions.ts'
import { readJson } from './json-body.ts'
import type { HttpEnv } from './router.ts'

export interface InvitationSignInDeps extends SessionDeps {
  invitations: Invitations
  passwordChanges: PasswordChanges
  /** Whether the request comes from a page of this server, or from a program. */
  isOwnPage: (request: HttpEnv['Bindings']['incoming']) => boolean
  limits: Limits
  log: Log
}

type Ctx = Context<HttpEnv>

const text = (longest: number) => z.string('must be a string').max(longest, `must have at most ${longest} characters`)
const lookForm = z.object({ code: text(200) })
const acceptForm = lookForm.extend({ name: text(200), password: text(longestPassword) })

/** What an invited person can do: see what the invitation is for, and accept it with a name and a password. Public. */
export function invitationSignInRoutes(deps: InvitationSignInDeps): Hono<HttpEnv> {
  const routes = new Hono<HttpEnv>()
  routes.on(['POST', 'PUT'], '/auth/invitation', async (c, next) => {
    if (!deps.isOwnPage(c.env.incoming)) throw new AppError('FORBIDDEN', 'This request came from another site')
    await next()
  })
  routes.post('/auth/invitation', async (c) => {
    const { code } = await readJson(c, lookForm)
    const invitation = await deps.invitations.find(code)
    if (!invitation) return refuse(deps, c)
    const { role, nodeLimit, expiresAt } = invitation
    return c.json({ role, node_limit: nodeLimitWords(nodeLimit), invited_by: inviterName(invitation), expires_at: expiresAt })
  })
  routes.put('/auth/invitation', async (c) => accept(deps, c, await readJson(c, acceptForm)))
  return routes
}

async function accept(deps: InvitationSignInDeps, c: Ctx, { code, ...input }: z.output<typeof acceptForm>): Promise<Response> {
  const address = deps.addressOf(c.env.incoming)
  const accepted = await deps.passwordChanges.accept(input, code)
  if (!accepted) return refuse(deps, c)
  const { user, invitation } = accepted
  const detail = `invited by ${invitation.invitedBy}`
  await deps.audit.note({ name: user.login, via: 'invitation', address }, { action: 'sign-in', subject: user.login }, 'succeeded', detail)
  await openSession(deps, c, user, 'invitation')
  deps.log.info({ user: user.login, invitedBy: invitation.invitedBy, address }, 'accepted an invitation')
  return c.json({ name: user.login })
}

async function refuse({ audit, limits, log, addressOf }: InvitationSignInDeps, c: Ctx): Promise<never> {
  const address = addressOf(c.env.incoming)
  // Only failures count, and per place, as for sign-in links.
  await limits.take('sign-in-link', placeOf(address))
  const actor = { name: 'unknown', via: 'invitation', address }
  const isWritten = await audit.noteRefusal(actor, { action: 'sign-in', subject: null }, 'denied', invalidInvitation)
  if (isWritten) log.warn({ address }, 'sign-in with a wrong invitation')
  throw new AppError('UNAUTHENTICATED', invalidInvitation)
}
