/**
 * A session counts only together with a secret in the storage of this exact origin, port included. Cookies are sent to every app
 * on the same host, this secret is not.
 */
const storageKey = 'selfhostly.browser'

/** Used if the browser blocks storage. The session then lasts as long as the page. */
let unkept: string | undefined

function makeSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32))
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

/** Created on the first call and shared by all tabs. */
export function browserSecret(): string {
  if (unkept !== undefined) return unkept
  try {
    const kept = localStorage.getItem(storageKey)
    if (kept && /^[\w-]{43,128}$/.test(kept)) return kept
    const made = makeSecret()
    localStorage.setItem(storageKey, made)
    return made
  } catch {
    unkept = makeSecret()
    return unkept
  }
}

export const browserSecretHeader = (): Record<string, string> => ({ 'x-selfhostly-browser': browserSecret() })

/** Fetches from this server as the browser that signed in. */
export const fetchWithBrowserSecret = (path: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> =>
  fetch(path, { ...init, headers: { ...init.headers, ...browserSecretHeader() } })

export const postWithBrowserSecret = (path: string, body: object): Promise<Response> =>
  fetchWithBrowserSecret(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
  })
