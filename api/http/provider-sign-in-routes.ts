import { Hono, type Context } from 'hono'
import { parse, serialize } from 'hono/utils/cookie'
import { z } from 'zod'
import { createFlows, flowMs, localPath, type Flow, type Flows } from '../auth/sign-in-flow.ts'
import { SignInError, toSignInError } from '../auth/sign-in-error.ts'
import type { Profile } from '../auth/profile.ts'
import { invalidInvitation, type Invitations } from '../auth/invitations.ts'
import type { Users } from '../auth/users.ts'
import type { Clock } from '../clock.ts'
import { placeOf, type Limits } from '../auth/rate-limits.ts'
import { AppError, errorMessage, invalidInput } from '../errors.ts'
import type { Log } from '../log.ts'
import type { HttpEnv } from './router.ts'
import { readJson } from './json-body.ts'
import { openSession, type SessionDeps } from './browser-sessions.ts'
import type { SignInProvider } from '../auth/sign-in-provider.ts'

export interface ProviderSignInDeps extends SessionDeps {
  providers: SignInProvider[]
  /** Encrypts the cookie that a browser brings back from a provider. */
  secret: string
  /** URL at which people reach this server: the base of the callback URLs registered with providers. */
  baseUrl: string
  invitations: Invitations
  limits: Limits
  clock: Clock
  log: Log
}

type Ctx = Context<HttpEnv>

const finishForm = z.object({ code: z.string().max(200) })

/**
 * Sign-in with providers: the redirect to one, and the return. Public. Starting a sign-in is free. Only failed
 * sign-ins count against a budget, after the provider's answer.
 */
export function providerSignInRoutes(deps: ProviderSignInDeps): Hono<HttpEnv> {
  const { providers } = deps
  const flows = createFlows(deps)
  const routes = new Hono<HttpEnv>()
  for (const provider of providers) {
    const path = `/auth/${provider.id}`
    const redirectUri = `${deps.baseUrl}${path}/callback`

    /** Where to send the browser, which gets the flow's cookie. */
    async function begin(c: Ctx, returnTo: string, invitation?: string): Promise<string> {
      const { id, flow } = flows.begin(provider.id, returnTo, invitation)
      const url = await provider.authorizationUrl(flow, redirectUri)
      c.header('set-cookie', flowCookie(id, deps.isSecure(c.env.incoming)))
      return url.href
    }

    routes.get(path, async (c) => {
      const returnTo = localPath(c.req.query('return_to'))
      try {
        return c.redirect(await begin(c, returnTo))
      } catch (error) {
        return refuse(deps, c, { provider, error: toSignInError(error), returnTo })
      }
    })

    // By POST, so that no proxy and no log sees the code.
    routes.post(`/auth/invitation/${provider.id}`, async (c) => {
      const { code } = await readJson(c, finishForm)
      if (!(await deps.invitations.find(code))) throw new AppError('UNAUTHENTICATED', invalidInvitation)
      return c.json({ url: await begin(c, '/', code).catch((error: unknown) => keepHere(deps, provider, error)) })
    })

    routes.get(`${path}/callback`, async (c) => {
      const secure = deps.isSecure(c.env.incoming)
      const flow = flows.take(readFlowCookie(c, secure), { provider: provider.id, state: c.req.query('state') })
      c.header('set-cookie', flowCookie('', secure))
      if (!flow)
        return refuse(deps, c, { provider, error: new SignInError('expired', 'the answer does not belong to a sign-in in this browser') })
      return comeBack(deps, c, { provider, flow, flows, answer: new URL(redirectUri + new URL(c.req.url).search) })
    })
  }
  routes.post('/auth/finish', async (c) => {
    const parsed = finishForm.safeParse(await c.req.json().catch(() => undefined))
    const secure = deps.isSecure(c.env.incoming)
    const userId = parsed.success ? flows.finish(readFlowCookie(c, secure), parsed.data.code) : null
    const user = userId === null ? undefined : deps.users.find(userId)
    if (!user) throw invalidInput([{ field: 'code', message: 'has expired, was already used, or belongs to another browser. Start again' }])
    c.header('set-cookie', flowCookie('', secure))
    await openSession(deps, c, user, 'provider')
    return c.json({ name: user.login })
  })
  return routes
}

/** Who cannot leave for the provider stays on the invitation's page, which still has its code. @throws CONFLICT */
function keepHere({ log }: ProviderSignInDeps, { id, label }: SignInProvider, error: unknown): never {
  const { failure, message } = toSignInError(error)
  if (failure === 'failed') throw error
  log.warn({ provider: id, failure, error: message }, 'sign-in failed')
  throw new AppError('CONFLICT', `${label} cannot be used at the moment: ${message}. Try again later, or choose a name and a password`)
}

interface Came {
  provider: SignInProvider
  flows: Flows
  flow: Flow
  answer: URL
}

async function comeBack(deps: ProviderSignInDeps, c: Ctx, { provider, flows, flow, answer }: Came): Promise<Response> {
  const { audit, addressOf, isSecure } = deps
  const request = c.env.incoming
  const address = addressOf(request)
  let profile: Profile | undefined
  try {
    profile = await exchange(deps, address, () => provider.profileOf(flow, answer))
    const user = await letIn(deps, profile, flow.invitation)
    await audit.note({ name: user.login, via: provider.id, address }, { action: 'sign-in', subject: user.login }, 'succeeded')
    const { id, code } = flows.cameBack(user.id)
    c.header('set-cookie', flowCookie(id, isSecure(request)))
    deps.log.info({ provider: provider.id, user: user.login, address }, 'signed in')
    const query = flow.returnTo === '/' ? '' : `?${new URLSearchParams({ return_to: flow.returnTo })}`
    return c.redirect(`/sign-in${query}#finish=${code}`)
  } catch (error) {
    return refuse(deps, c, { provider, profile, error: toSignInError(error), returnTo: flow.returnTo })
  }
}

/** Asks the provider, unless too many sign-ins from this address have failed. */
async function exchange(deps: ProviderSignInDeps, address: string, ask: () => Promise<Profile>): Promise<Profile> {
  const place = placeOf(address)
  try {
    await deps.limits.take('sign-in', place)
  } catch (error) {
    throw new SignInError('too-many', errorMessage(error))
  }
  const profile = await ask()
  deps.limits.giveBack('sign-in', place)
  return profile
}

/** People on the allowlist get in as they are. An invitation is used up only for somebody else. */
async function letIn({ users, invitations }: ProviderSignInDeps, profile: Profile, invitation: string | undefined) {
  try {
    return await users.signIn(profile)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'FORBIDDEN') throw error
    if (invitation !== undefined) return accept({ users, invitations }, profile, invitation)
    if (!users.lacksVerification(profile)) throw new SignInError('not-allowed', error.message)
    throw new SignInError('unverified', `${profile.unverifiedEmail} is on the list, but the provider has not verified it (email_verified)`)
  }
}

async function accept({ users, invitations }: { users: Users; invitations: Invitations }, profile: Profile, code: string) {
  const invitation = await invitations.use(code)
  if (!invitation) throw new SignInError('invitation', invalidInvitation)
  try {
    return await users.signIn(profile, invitation)
  } catch (error) {
    await invitations.putBack(invitation)
    throw error instanceof AppError ? new SignInError('not-allowed', error.message) : error
  }
}

/** Redirects to the sign-in page, which explains the failure. The exact reason goes to the logs, for the operator. */
async function refuse(
  { log, audit, addressOf }: ProviderSignInDeps,
  c: Ctx,
  failed: { provider: SignInProvider; error: SignInError; profile?: Profile | undefined; returnTo?: string },
): Promise<Response> {
  const { provider, error, profile, returnTo = '/' } = failed
  const facts = { provider: provider.id, failure: error.failure, address: addressOf(c.env.incoming) }
  if (error.failure === 'failed') log.error({ ...facts, err: error.cause }, 'sign-in failed')
  const outcome = ['denied', 'not-allowed', 'unverified', 'too-many', 'invitation'].includes(error.failure) ? 'denied' : 'failed'
  const actor = { name: profile?.login ?? 'unknown', via: provider.id, address: facts.address }
  try {
    const isWritten = await audit.noteRefusal(actor, { action: 'sign-in', subject: profile?.login ?? null }, outcome, error.message)
    // The log follows the audit log's limit, so strangers cannot flood it.
    if (isWritten && error.failure !== 'failed') log.warn({ ...facts, error: error.message }, 'sign-in failed')
  } catch (auditError) {
    log.error({ ...facts, err: auditError }, 'a failed sign-in could not be written to the audit log')
  }
  const query = new URLSearchParams({ error: error.failure, ...(returnTo === '/' ? {} : { return_to: returnTo }) })
  return c.redirect(`/sign-in?${query}`)
}

const flowName = (secure: boolean): string => (secure ? '__Host-selfhostly_sign_in' : 'selfhostly_sign_in')

/** Lax, so that the browser sends it when the provider redirects back. A `__Host-` cookie needs the path `/`. */
const flowCookie = (id: string, secure: boolean): string =>
  serialize(flowName(secure), id, {
    ...{ httpOnly: true, sameSite: 'Lax', secure },
    path: secure ? '/' : '/auth',
    maxAge: id === '' ? 0 : flowMs / 1000,
  })

function readFlowCookie(c: Ctx, secure: boolean): string | undefined {
  const name = flowName(secure)
  return parse(c.env.incoming.headers.cookie ?? '', name)[name]
}
