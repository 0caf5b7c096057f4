import { randomBytes } from 'node:crypto'
import { callerOf, type Answer } from './http-caller.ts'

interface StoredCookie {
  value: string
  path: string
  attributes: string[]
}

export type CookieBrowser = ReturnType<typeof cookieBrowser>

/**
 * As much of a browser as signing in needs: it keeps cookies by host name and path (ports share them, as in a real one) and
 * follows redirects.
 */
export function cookieBrowser() {
  /** What the dashboard keeps in the storage of its own origin. */
  const secret = randomBytes(32).toString('base64url')
  const jar = new Map<string, Map<string, StoredCookie>>()
  const cookiesOf = (url: URL): Map<string, StoredCookie> => {
    const cookies = jar.get(url.hostname) ?? new Map<string, StoredCookie>()
    jar.set(url.hostname, cookies)
    return cookies
  }

  function keep(url: URL, { headers }: Answer): void {
    const lines = headers['set-cookie'] ?? []
    for (const line of Array.isArray(lines) ? lines : [lines]) {
      const [pair = '', ...attributes] = line.split(/;\s*/)
      const name = pair.slice(0, pair.indexOf('='))
      const path = attributes.find((each) => /^path=/i.test(each))?.slice(5) ?? '/'
      const over = attributes.some((each) => /^max-age=0$/i.test(each) || /^expires=Thu, 01 Jan 1970/i.test(each))
      if (over) cookiesOf(url).delete(name)
      else cookiesOf(url).set(name, { value: pair.slice(pair.indexOf('=') + 1), path, attributes })
    }
  }

  /** One request, its redirect not followed. */
  async function visit(
    address: string | URL,
    { method = 'GET', headers = {}, json }: { method?: string; headers?: Record<string, string>; json?: unknown } = {},
  ) {
    const url = new URL(address)
    const cookie = [...cookiesOf(url)]
      .filter(([, { path }]) => url.pathname === path || url.pathname.startsWith(path.endsWith('/') ? path : `${path}/`))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ')
    const answer = await callerOf(url.origin).send(url.pathname + url.search, {
      method,
      headers: { ...(cookie ? { cookie } : {}), 'x-selfhostly-browser': secret, ...headers },
      ...(json === undefined ? {} : { json }),
    })
    keep(url, answer)
    const location = typeof answer.headers['location'] === 'string' ? new URL(answer.headers['location'], url) : undefined
    return { ...answer, url, location }
  }

  /** What the sign-in page does with the code in its address: it finishes the sign-in, and goes on to where that was for. */
  async function finish(page: URL): Promise<URL | null> {
    const code = /^#finish=(.+)$/.exec(page.hash)?.[1]
    if (code === undefined) return null
    const { status } = await visit(new URL('/auth/finish', page), { method: 'POST', headers: { origin: page.origin }, json: { code } })
    return status === 200 ? new URL(page.searchParams.get('return_to') ?? '/', page) : null
  }

  return {
    secret,
    visit,
    cookies: (host: string): Map<string, StoredCookie> => cookiesOf(new URL(host)),

    /** Follows redirects to the end, or to the first address for which `until` holds, which is not visited. */
    async go(address: string | URL, until: (url: URL) => boolean = () => false) {
      let url = new URL(address)
      for (let hops = 0; hops < 20; hops++) {
        const answer = await visit(url)
        const next = answer.location ?? (await finish(url))
        if (!next) return { url, answer }
        url = next
        if (until(url)) return { url, answer }
      }
      throw new Error(`Too many redirects: ${url.href}`)
    },
  }
}
