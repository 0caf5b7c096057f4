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
    { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
  ) {
    const url = new URL(address)
    const cookie = [...cookiesOf(url)]
      .filter(([, { path }]) => url.pathname === path || url.pathname.startsWith(path.endsWith('/') ? path : `${path}/`))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ')
    const answer = await callerOf(url.origin).send(url.pathname + url.search, {
      method,
      headers: { ...(cookie ? { cookie } : {}), ...headers },
    })
    keep(url, answer)
    const location = typeof answer.headers['location'] === 'string' ? new URL(answer.headers['location'], url) : undefined
    return { ...answer, url, location }
  }

  return {
    visit,
    cookies: (host: string): Map<string, StoredCookie> => cookiesOf(new URL(host)),

    /** Follows redirects to the end, or to the first address for which `until` holds, which is not visited. */
    async go(address: string | URL, until: (url: URL) => boolean = () => false) {
      let url = new URL(address)
      for (let hops = 0; hops < 20; hops++) {
        const answer = await visit(url)
        if (!answer.location) return { url, answer }
        url = answer.location
        if (until(url)) return { url, answer }
      }
      throw new Error(`Too many redirects: ${url.href}`)
    },
  }
}
