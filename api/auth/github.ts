import * as client from 'openid-client'
import { z } from 'zod'
import type { GithubConfig } from './access-config.ts'
import { SignInError } from './sign-in-error.ts'
import type { SignInProvider } from './sign-in-provider.ts'

const publicUrl = 'https://github.com'

/** In seconds. A person is waiting, and GitHub answers in well under one. */
const timeout = 10

/** The parts of GitHub's documented responses that we use. Source: https://docs.github.com/en/rest/users */
const userAnswer = z.object({ id: z.int().positive(), login: z.string().min(1), name: z.string().nullish() })
const emailsAnswer = z.array(z.object({ email: z.string(), primary: z.boolean(), verified: z.boolean() }))

/** Account numbers are unique per server, so GitHub Enterprise Server accounts carry the server's URL as their provider. */
export const githubName = ({ baseUrl }: Pick<GithubConfig, 'baseUrl'>): string => (baseUrl === publicUrl ? 'github' : baseUrl)

/** Sources: https://docs.github.com/en/enterprise-server/rest, and for ghe.com https://docs.github.com/en/enterprise-cloud@latest/rest */
function apiUrlOf(baseUrl: string): string {
  const { protocol, host, hostname } = new URL(baseUrl)
  if (baseUrl === publicUrl || hostname.endsWith('.ghe.com')) return `${protocol}//api.${host}`
  return `${baseUrl}/api/v3`
}

/** GitHub supports OAuth 2 with PKCE, but has no discovery and no ID token. Its API tells who signed in. */
export function createGithub(config: GithubConfig): SignInProvider {
  const { baseUrl, clientId, clientSecret } = config
  const apiUrl = apiUrlOf(baseUrl)
  const server = new client.Configuration(
    {
      issuer: `${baseUrl}/login/oauth`,
      authorization_endpoint: `${baseUrl}/login/oauth/authorize`,
      token_endpoint: `${baseUrl}/login/oauth/access_token`,
    },
    clientId,
    {},
    client.ClientSecretPost(clientSecret),
  )
  server.timeout = timeout
  if (baseUrl.startsWith('http:')) client.allowInsecureRequests(server)

  async function ask(path: string, accessToken: string): Promise<Response> {
    const headers = new Headers({ accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28', 'user-agent': 'selfhostly' })
    return client.fetchProtectedResource(server, accessToken, new URL(apiUrl + path), 'GET', undefined, headers)
  }

  /** The primary address, if verified. Also null if the person did not share their addresses. */
  async function emailOf(accessToken: string): Promise<string | null> {
    const response = await ask('/user/emails', accessToken)
    if (response.status === 403 || response.status === 404) return null
    const emails = await read(response, emailsAnswer)
    return emails.find(({ primary, verified }) => primary && verified)?.email ?? null
  }

  return {
    id: 'github',
    label: 'GitHub',

    async authorizationUrl({ state, verifier }, redirectUri) {
      return client.buildAuthorizationUrl(server, {
        redirect_uri: redirectUri,
        scope: 'read:user user:email',
        state,
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      })
    },

    async profileOf({ state, verifier }, answer) {
      const { access_token: token } = await client.authorizationCodeGrant(server, answer, {
        expectedState: state,
        pkceCodeVerifier: verifier,
      })
      const { id, login, name } = await read(await ask('/user', token), userAnswer)
      return { provider: githubName(config), subject: String(id), login, name: name || null, email: await emailOf(token), groups: [] }
    },
  }
}

async function read<T>(response: Response, shape: z.ZodType<T>): Promise<T> {
  const path = new URL(response.url).pathname
  if (response.status !== 200) {
    throw new SignInError(response.status >= 500 ? 'unreachable' : 'provider', `GitHub answered ${response.status} to ${path}`)
  }
  const parsed = shape.safeParse(await response.json().catch(() => undefined))
  if (!parsed.success) throw new SignInError('provider', `GitHub's answer to ${path} does not match its documentation`)
  return parsed.data
}
