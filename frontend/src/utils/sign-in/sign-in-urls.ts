/** Where to go after sign-in: always a path on this dashboard, because anyone can write the link. The server applies the same rule. */
export function localPath(wanted: unknown): string {
  if (typeof wanted !== 'string' || !/^\/(?![/\\])/.test(wanted)) return '/'
  const url = URL.parse(wanted, window.location.origin)
  if (url?.origin !== window.location.origin || url.pathname.startsWith('//') || url.pathname === '/sign-in') return '/'
  return url.pathname + url.search + url.hash
}

/** The code of a sign-in link, from the URL's fragment. */
export const linkCode = (hash: string): string | undefined => /^#code=([\w-]+)$/.exec(hash)?.[1]

/** The code of an invitation, from the URL's fragment. */
export const invitationCode = (hash: string): string | undefined => /^#invite=([\w-]+)$/.exec(hash)?.[1]
