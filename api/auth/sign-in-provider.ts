import type { Flow } from './sign-in-flow.ts'
import type { Profile } from './profile.ts'

/** One way to sign in. Both methods throw errors that `toSignInError` understands. */
export interface SignInProvider {
  /** Part of the paths /auth/{id} and /auth/{id}/callback. */
  id: 'github' | 'oidc'
  label: string
  /** Where to send the browser. */
  authorizationUrl(flow: Flow, redirectUri: string): Promise<URL>
  /** The person who returned. @param answer the redirect URI with the query that the browser sent */
  profileOf(flow: Flow, answer: URL): Promise<Profile>
}
