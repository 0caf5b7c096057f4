import type { Role } from '../graphql/generated/graphql.ts'

export const roleNames: Record<Role, string> = { VIEWER: 'Viewer', OPERATOR: 'Operator', ADMIN: 'Admin' }

/** From least to most. */
export const roles: Role[] = ['VIEWER', 'OPERATOR', 'ADMIN']

export const roleWords: Record<Role, string> = {
  VIEWER: 'Sees nodes, apps and stats',
  OPERATOR: 'Sees nodes, apps and stats, runs and changes apps, and checks nodes',
  ADMIN: 'Does everything: apps, nodes, settings and users, and reads the audit log',
}

export const rolesUpTo = (role: Role): Role[] => roles.slice(0, roles.indexOf(role) + 1)

export const avatarUrl = (name: string): string => `/avatar/${encodeURIComponent(name)}`

/** Where to go after signing in: a path of this dashboard, whoever wrote the link. The server has the same rule. */
export function localPath(wanted: unknown): string {
  if (typeof wanted !== 'string' || !/^\/(?![/\\])/.test(wanted)) return '/'
  const url = URL.parse(wanted, window.location.origin)
  if (url?.origin !== window.location.origin || url.pathname.startsWith('//') || url.pathname === '/sign-in') return '/'
  return url.pathname + url.search + url.hash
}

/** The code of a link that the server printed, in the fragment of the address. */
export const linkCode = (hash: string): string | undefined => /^#code=([\w-]+)$/.exec(hash)?.[1]

/** What the sign-in page says for its `?error=`: the codes of the server, and `ended` of the dashboard itself. */
const failures: Record<string, { title: string; text: string }> = {
  ended: { title: 'Your session is over', text: 'It expired, or was ended elsewhere.' },
  denied: { title: 'You did not sign in', text: 'Sign-in was cancelled, or the provider refused it.' },
  'not-allowed': {
    title: 'This account may not sign in here',
    text: 'The provider knows it, but it is not on the list of people who are let in. Whoever runs this server can add it.',
  },
  unverified: {
    title: 'Your e-mail address is not verified',
    text: 'It may sign in here, but the provider does not say that it is yours. Verify it there, then sign in again.',
  },
  'too-many': { title: 'Too many sign-ins failed', text: 'Too many came to nothing from your address. Try again in a minute.' },
  expired: { title: 'That sign-in is over', text: 'It began too long ago, in another browser, or was used already. Begin again.' },
  provider: { title: 'The answer of the provider was not accepted', text: 'The log of this server says why.' },
  unreachable: { title: 'The provider does not answer', text: 'This server could not reach it. Try again in a moment.' },
  failed: { title: 'Something went wrong on this server', text: 'Its log says what.' },
}

export const signInFailure = (code: string) => failures[code] ?? { title: 'Sign-in failed', text: `The reason given is "${code}".` }
