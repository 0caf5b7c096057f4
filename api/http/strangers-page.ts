import type { Context } from 'hono'
import { html } from 'hono/html'
import { AppError } from '../errors.ts'
import type { HttpEnv } from './router.ts'

/** Of the dashboard, whose files this page does without: it is for whoever opens an address of the API. */
const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; --edge: light-dark(#e4e4e7, #27272a); --dim: light-dark(#52525b, #a1a1aa) }
body { margin: 0; min-height: 100svh; display: grid; place-items: center; padding: 1rem; box-sizing: border-box;
  background: light-dark(#fafafa, #09090b); color: light-dark(#18181b, #fafafa) }
main { max-width: 26rem; padding: 2rem; border: 1px solid var(--edge); border-radius: 0.5rem; background: light-dark(#fff, #18181b) }
h1 { font-size: 1.25rem; margin: 0 0 1rem }
p { margin: 0 0 1rem; color: var(--dim) }
a { color: light-dark(#0f766e, #2dd4bf) }
code { white-space: nowrap; font-family: ui-monospace, monospace; padding: 0.1em 0.3em; border-radius: 0.25rem; background: var(--edge) }
`

const contentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/**
 * What a person sees who opens an address of the API without being signed in. Programs get the problem: null.
 * @param peopleSignIn whether that is possible here; with AUTH_ENABLED=false the edge lets people in
 */
export function strangersPage(
  error: Error,
  c: Context<HttpEnv>,
  { peopleSignIn }: { peopleSignIn: boolean },
): Promise<Response> | Response | null {
  if (!(error instanceof AppError) || error.code !== 'UNAUTHENTICATED') return null
  // What calls with credentials of its own is a program, whatever it says that it accepts.
  if (c.req.method !== 'GET' || !prefersPage(c.req.header('accept')) || c.req.header('authorization') || c.req.header('x-node-id'))
    return null
  const words = peopleSignIn ? signInWords(`/sign-in?${new URLSearchParams({ return_to: c.req.path })}`) : edgeWords(error.message)
  c.header('content-security-policy', contentSecurityPolicy)
  c.header('cache-control', 'no-store')
  return c.html(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>Not signed in · Selfhostly</title>
          <style>
            ${style}
          </style>
        </head>
        <body>
          <main>
            ${words}
            <p>Scripts send an API token: <code>Authorization: Bearer ...</code></p>
          </main>
        </body>
      </html>`,
    401,
  )
}

const signInWords = (url: string) => html`
  <h1>You are not signed in</h1>
  <p><a href="${url}">Sign in</a> to see this page. The sign-in page shows every way in.</p>
  <p>If you run this server, run <code>npm run link</code> on its machine and open the link that it prints.</p>
`

const edgeWords = (reason: string) => html`
  <h1>You are not signed in</h1>
  <p>
    ${reason}. Nobody signs in at this server itself: what is in front of it does that, such as Cloudflare Access. Open the address there.
  </p>
`

/** Browsers name HTML first when a person opens an address; programs, and what pages fetch, name something else or nothing. */
const prefersPage = (accept: string | undefined): boolean => accept?.split(',')[0]?.trim().startsWith('text/html') === true
