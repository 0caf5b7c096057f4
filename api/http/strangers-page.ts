import type { Context } from 'hono'
import { html } from 'hono/html'
import { AppError } from '../errors.ts'
import { ownCommand } from '../own-command.ts'
import type { HttpEnv } from './router.ts'

/** Looks like the dashboard, but needs none of its files. */
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
 * The page for people who open an API URL in a browser without being signed in. Null for programs, which get the JSON problem.
 *
 * @param peopleSignIn whether people sign in on this server. With AUTH_ENABLED=false the edge lets them in
 */
export function strangersPage(
  error: Error,
  c: Context<HttpEnv>,
  { peopleSignIn }: { peopleSignIn: boolean },
): Promise<Response> | Response | null {
  if (!(error instanceof AppError) || error.code !== 'UNAUTHENTICATED') return null
  // A caller that sends credentials is a program, whatever it accepts.
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
  <p><a href="${url}">Sign in</a> to see this page. The sign-in page lists every way to sign in.</p>
  <p>If you run this server, run <code>${ownCommand('link')}</code> on its machine and open the link it prints.</p>
`

const edgeWords = (reason: string) => html`
  <h1>You are not signed in</h1>
  <p>
    ${reason}. You cannot sign in on this server itself. The proxy in front of it does that, such as Cloudflare Access. Open the proxy's
    URL.
  </p>
`

/** Browsers put HTML first in Accept when a person opens a URL. Programs, and requests from scripts in pages, do not. */
const prefersPage = (accept: string | undefined): boolean => accept?.split(',')[0]?.trim().startsWith('text/html') === true
