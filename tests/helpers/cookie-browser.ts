import { randomBytes } from 'node:crypto'
import { callerOf, type Answer } from './http-caller.ts'

interface StoredCookie {
  value: string
  path: string
  attributes: string[]
}

export type CookieBrowser = ReturnType<typeof cookieBrowser>

/**
 * The parts of a browser that sign-in needs: it stores cookies by host name and path (shared by all ports, as in a real one) and
 * follows redirects.
 */
export function cookieBrowser() {
  /** The secret that the dashboard keeps in its origin's storage. */
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

  /** One request, without following a redirect. */
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

  /** Does what the sign-in page does with the code in its address: finishes the sign-in and goes to the original target. */
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

    /** Follows redirects to the end, or until an address matches `until`. That one is not visited. */
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
