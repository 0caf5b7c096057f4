import { createHash, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { components } from '@octokit/openapi-types'
import type { ExecutionContext } from 'ava'
import type { GithubConfig } from '../../api/auth/access-config.ts'
import { listen } from './sign-in-app.ts'

type Account = components['schemas']['public-user']
type Email = components['schemas']['email']

export interface FakeGithub {
  url: string
  config: GithubConfig
  /** Who signs in at the next visit. Null: the person declines. */
  person: Account | null
  /** Undefined if the person did not share them. GitHub then answers 404. */
  emails: Email[] | undefined
  /** Replacement answers, by path. */
  instead: Map<string, { status: number; body: string }>
  /** Received requests, newest last. */
  requests: { method: string; path: string; headers: IncomingMessage['headers'] }[]
}

/**
 * The sign-in part of a GitHub Enterprise Server, over real HTTP, because tests cannot use GitHub itself. Its answers have
 * the types that GitHub publishes. PKCE and the lifetime of codes and tokens follow GitHub's documentation.
 */
export async function fakeGithub(t: ExecutionContext<unknown>, appUrl: string): Promise<FakeGithub> {
  const { server, url } = await listen(t, createServer())
  const secrets = { clientId: 'Iv1.selfhostly', clientSecret: randomUUID() }
  const state: FakeGithub = {
    ...{ url, person: account(), emails: [email('octo@example.com')], instead: new Map(), requests: [] },
    config: { ...secrets, baseUrl: url, allow: { users: ['octocat'], groups: [] } },
  }
  const codes = new Map<string, { challenge: string; redirectUri: string; person: Account }>()
  const tokens = new Map<string, Account>()

  function authorize(query: URLSearchParams): string {
    const redirectUri = query.get('redirect_uri') ?? ''
    const isKnown = query.get('client_id') === secrets.clientId && redirectUri === `${appUrl}/auth/github/callback`
    const challenge = query.get('code_challenge')
    if (!isKnown || !challenge || query.get('code_challenge_method') !== 'S256') return `${url}/login/oauth/error`
    const answer = new URLSearchParams({ state: query.get('state') ?? '' })
    if (state.person) {
      const code = randomUUID().replaceAll('-', '').slice(0, 20)
      codes.set(code, { challenge, redirectUri, person: state.person })
      answer.set('code', code)
    } else {
      answer.set('error', 'access_denied')
      answer.set('error_description', 'The user has denied your application access.')
    }
    return `${redirectUri}?${answer}`
  }

  /** Like GitHub, reports errors with status 200. */
  function exchange(form: URLSearchParams): object {
    if (form.get('client_id') !== secrets.clientId || form.get('client_secret') !== secrets.clientSecret) {
      return { error: 'incorrect_client_credentials', error_description: 'The client_id and/or client_secret passed are incorrect.' }
    }
    const code = form.get('code') ?? ''
    const issued = codes.get(code)
    codes.delete(code)
    const proof = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    if (issued?.challenge !== proof || issued.redirectUri !== form.get('redirect_uri')) {
      return { error: 'bad_verification_code', error_description: 'The code passed is incorrect or expired.' }
    }
    const token = `gho_${randomUUID().replaceAll('-', '')}`
    tokens.set(token, issued.person)
    return { access_token: token, scope: 'read:user,user:email', token_type: 'bearer' }
  }

  server.on('request', (request, response) => void answer(request, response))
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', url)
    state.requests.push({ method: request.method ?? '', path: pathname, headers: request.headers })
    const json = (body: unknown, status = 200) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    const instead = state.instead.get(pathname)
    if (instead) return void response.writeHead(instead.status, { 'content-type': 'application/json' }).end(instead.body)
    if (pathname === '/login/oauth/authorize') return void response.writeHead(302, { location: authorize(searchParams) }).end()
    if (pathname === '/login/oauth/access_token') return void json(exchange(new URLSearchParams(await text(request))))
    const person = tokens.get(request.headers.authorization?.replace(/^bearer /i, '') ?? '')
    // GitHub refuses calls without a User-Agent.
    if (!person || !request.headers['user-agent']) return void json({ message: 'Bad credentials' }, 401)
    if (pathname === '/api/v3/user') return void json(person)
    if (pathname === '/api/v3/user/emails' && state.emails) return void json(state.emails)
    json({ message: 'Not Found' }, 404)
  }
  return state
}

export const email = (address: string, more: Partial<Email> = {}): Email => ({
  ...{ email: address, primary: true, verified: true, visibility: 'public' },
  ...more,
})

export function account(more: Partial<Account> = {}): Account {
  const login = more.login ?? 'octocat'
  const api = `https://api.github.com/users/${login}`
  const at = '2008-01-14T04:33:35Z'
  return {
    ...{
      login,
      id: 583231,
      node_id: 'MDQ6VXNlcjU4MzIzMQ==',
      avatar_url: `https://github.com/images/${login}.gif`,
      gravatar_id: '',
      url: api,
    },
    ...{ html_url: `https://github.com/${login}`, followers_url: `${api}/followers`, following_url: `${api}/following{/other_user}` },
    ...{ gists_url: `${api}/gists{/gist_id}`, starred_url: `${api}/starred{/owner}{/repo}`, subscriptions_url: `${api}/subscriptions` },
    ...{ organizations_url: `${api}/orgs`, repos_url: `${api}/repos`, events_url: `${api}/events{/privacy}` },
    ...{ received_events_url: `${api}/received_events`, type: 'User', site_admin: false, name: 'The Octocat', company: null, blog: '' },
    ...{ location: null, email: 'unproven@example.com', hireable: null, bio: null, public_repos: 2, public_gists: 1, followers: 20 },
    ...{ following: 0, created_at: at, updated_at: at },
    ...more,
  }
}
