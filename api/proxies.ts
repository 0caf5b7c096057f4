/** The proxies through which this program reaches the outside, as undici takes them. Empty: none. */
export interface Proxies {
  httpProxy: string
  httpsProxy: string
  noProxy: string
}

/** The proxies that Compose is given too. Nothing on this machine is behind one, as Docker sees it too. */
export function proxiesOf(env: Readonly<Record<string, string | undefined>>): Proxies {
  const read = (name: string): string => env[name.toLowerCase()] || env[name] || ''
  const noProxy = read('NO_PROXY').trim()
  return {
    httpProxy: read('HTTP_PROXY'),
    httpsProxy: read('HTTPS_PROXY'),
    noProxy: noProxy === '*' ? noProxy : [noProxy, 'localhost', '127.0.0.1', '[::1]'].join(','),
  }
}
