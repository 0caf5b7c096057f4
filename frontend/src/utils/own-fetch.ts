/**
 * A session of this browser counts only beside a secret that stays in the storage of this very origin, port included: cookies go
 * to every app on the same host, this does not.
 */
const storageKey = 'selfhostly.browser'

/** For a browser that keeps nothing: the session lasts as long as the page. */
let unkept: string | undefined

function makeSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32))
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

/** Made at the first call, and the same in every tab. */
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

export const ownHeaders = (): Record<string, string> => ({ 'x-selfhostly-browser': browserSecret() })

/** Asks this server as the browser that signed in. */
export const ownFetch = (path: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> =>
  fetch(path, { ...init, headers: { ...init.headers, ...ownHeaders() } })
