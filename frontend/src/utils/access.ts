import type { Role } from '../graphql/generated/graphql.ts'

export const roleNames: Record<Role, string> = { VIEWER: 'Viewer', OPERATOR: 'Operator', ADMIN: 'Admin' }

/** From least to most powerful. */
export const roles: Role[] = ['VIEWER', 'OPERATOR', 'ADMIN']

export const roleWords: Record<Role, string> = {
  VIEWER: 'Can view nodes, apps and stats',
  OPERATOR: 'Can view nodes, apps and stats, run and change apps, and check nodes',
  ADMIN: 'Can manage apps, nodes, settings and users, and read the audit log',
}

export const rolesUpTo = (role: Role): Role[] => roles.slice(0, roles.indexOf(role) + 1)

export const avatarUrl = (name: string): string => `/avatar/${encodeURIComponent(name)}`

/** Where to go after sign-in: always a path on this dashboard, because anyone can write the link. The server applies the same rule. */
export function localPath(wanted: unknown): string {
  if (typeof wanted !== 'string' || !/^\/(?![/\\])/.test(wanted)) return '/'
  const url = URL.parse(wanted, window.location.origin)
  if (url?.origin !== window.location.origin || url.pathname.startsWith('//') || url.pathname === '/sign-in') return '/'
  return url.pathname + url.search + url.hash
}

/** The code of a sign-in link, from the URL's fragment. */
export const linkCode = (hash: string): string | undefined => /^#code=([\w-]+)$/.exec(hash)?.[1]

/** Messages for the sign-in page's `?error=`. The server sets all of these codes except `ended`, which the dashboard sets. */
const failures: Record<string, { title: string; text: string }> = {
  ended: { title: 'Your session has ended', text: 'It expired or was revoked. Sign in again.' },
  denied: { title: 'Sign-in was not completed', text: 'You cancelled it, or the provider refused it.' },
  'not-allowed': {
    title: 'This account is not allowed to sign in',
    text: 'The provider knows the account, but it is not on the allowlist. Ask the person who runs this server to add it.',
  },
  unverified: {
    title: 'Your e-mail address is not verified',
    text: 'It is on the allowlist, but the provider does not confirm that it is yours. Verify it there, then sign in again.',
  },
  'too-many': { title: 'Too many failed sign-ins', text: 'Too many sign-ins from your address failed. Try again in a minute.' },
  expired: {
    title: 'This sign-in has expired',
    text: 'It was started too long ago or in another browser, or it was already used. Start again.',
  },
  provider: { title: "The provider's answer was not accepted", text: "This server's log says why." },
  unreachable: { title: 'The provider did not answer', text: 'This server could not reach it. Try again in a moment.' },
  failed: { title: 'Something went wrong on this server', text: "The server's log has the details." },
}

export const signInFailure = (code: string) => failures[code] ?? { title: 'Sign-in failed', text: `The server gave the reason "${code}".` }
