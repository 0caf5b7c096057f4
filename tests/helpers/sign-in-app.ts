import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { ExecutionContext } from 'ava'
import { Hono } from 'hono'
import type { GithubConfig, OidcConfig } from '../../api/auth/access-config.ts'
import { createAuditLog } from '../../api/auth/audit-log.ts'
import type { Grant } from '../../api/auth/grants.ts'
import { createInvitations } from '../../api/auth/invitations.ts'
import { createLimits } from '../../api/auth/rate-limits.ts'
import { allowListOf, createProviders, kindOf, type SignInAccess } from '../../api/auth/providers.ts'
import { createSessions } from '../../api/auth/sessions.ts'
import { createSignInLinks } from '../../api/auth/sign-in-links.ts'
import { createUsers } from '../../api/auth/users.ts'
import { providerSignInRoutes } from '../../api/http/provider-sign-in-routes.ts'
import { avatarRoutes } from '../../api/http/avatar.ts'
import { errorToProblem } from '../../api/http/problem.ts'
import type { HttpEnv } from '../../api/http/router.ts'
import { readSessionCookie } from '../../api/http/session-cookie.ts'
import { linkSignInRoutes } from '../../api/http/link-sign-in-routes.ts'
import { testDatabase } from './database.ts'
import { createManualClock } from './manual-clock.ts'
import { recordedLog } from './recorded-log.ts'

type TestContext = ExecutionContext<unknown>

export const listen = async (t: TestContext, server = createServer()): Promise<{ server: Server; url: string }> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

export interface SignInAppOptions {
  /** Receives the app's URL, because providers need its callbacks. */
  github?: (appUrl: string) => GithubConfig | Promise<GithubConfig>
  oidc?: (appUrl: string) => OidcConfig | Promise<OidcConfig>
  grants?: Grant[]
  /** As behind a proxy that terminates TLS. */
  secure?: boolean
}

export type SignInApp = Awaited<ReturnType<typeof signInApp>>

/** The sign-in routes over real HTTP, with a real database and a manual clock. */
export async function signInApp(t: TestContext, { github, oidc, grants = [], secure = false }: SignInAppOptions) {
  const { server, url } = await listen(t)
  const clock = createManualClock(new Date())
  const { log, lines } = recordedLog()
  const { em } = await testDatabase(t)
  const secret = 'a secret of at least thirty-two characters'
  const access: SignInAccess = {
    ...{ mode: 'sign-in', secret, grants },
    ...{ baseUrl: url, trustedProxies: [], corsOrigins: [], allowedHosts: [] },
    github: github ? await github(url) : null,
    oidc: oidc ? await oidc(url) : null,
  }
  const sessions = createSessions({ em, clock, secret, onEnded: () => undefined, onChanged: () => undefined })
  const users = createUsers({
    ...{ em, clock, grants },
    kindOf: (provider) => kindOf(access, provider),
    allowListOf: (provider) => allowListOf(access, provider),
    onChanged: () => undefined,
    onRemoved: (id) => sessions.forgetUser(id),
  })
  const audit = createAuditLog({ em, clock })
  const invitations = createInvitations({ em, clock, mayInvite: () => true, onChanged: () => undefined })
  const app = new Hono<HttpEnv>()
  app.onError(errorToProblem(log))
  const parts = { users, sessions, audit, log, limits: createLimits({ clock }), addressOf: () => '192.0.2.7', isSecure: () => secure }
  app.route('/', linkSignInRoutes({ ...parts, links: createSignInLinks({ em, clock }), isOwnPage: () => true }))
  app.route(
    '/',
    providerSignInRoutes({ ...parts, invitations, providers: createProviders(access, { clock }), secret, baseUrl: url, clock }),
  )
  app.route('/', avatarRoutes())
  app.get('/whoami', (c) => {
    const cookie = readSessionCookie(c.env.incoming.headers.cookie, secure)
    const session = cookie === null ? null : sessions.use(cookie)
    return c.json(session ? (users.find(session.userId) ?? null) : null)
  })
  app.get('*', (c) => c.text(`page ${c.req.path}`))
  const listener = getRequestListener((request, bindings) => app.fetch(request, bindings))
  server.on('request', (request, response) => void listener(request, response))
  return {
    ...{ url, clock, lines, access, em, users, sessions, audit, invitations },
    /** Sign-ins in the audit log, oldest first. */
    async attempts() {
      const entries = await audit.list({ action: 'sign-in' }, { limit: 100 })
      return entries.reverse().map(({ actor, via, address, outcome, detail }) => ({ actor, via, address, outcome, detail }))
    },
  }
}
