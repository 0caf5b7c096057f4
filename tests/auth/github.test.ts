import test, { type ExecutionContext } from 'ava'
import { githubName } from '../../api/auth/github.ts'
import { parseGrants } from '../../api/auth/grants.ts'
import { cookieBrowser } from '../helpers/cookie-browser.ts'
import { account, email, fakeGithub, type FakeGithub } from '../helpers/fake-github.ts'
import { signInApp, type SignInApp } from '../helpers/sign-in-app.ts'

async function setUp(t: ExecutionContext<unknown>, grants = parseGrants('admin', '')) {
  let github: FakeGithub | undefined
  const app = await signInApp(t, {
    grants,
    async github(appUrl) {
      github = await fakeGithub(t, appUrl)
      return github.config
    },
  })
  if (!github) throw new Error('no GitHub')
  return { app, github }
}

async function signIn(app: SignInApp) {
  const browser = cookieBrowser()
  const { url } = await browser.go(`${app.url}/auth/github?return_to=/apps`)
  return { browser, path: url.href.replace(app.url, ''), whoami: (await browser.visit(`${app.url}/whoami`)).json }
}

test('an account on the allowlist signs in, with PKCE checked by GitHub', async (t) => {
  const { app, github } = await setUp(t)
  const { path, whoami } = await signIn(app)
  t.is(path, '/apps')
  t.like(whoami, { provider: github.url, login: 'octocat', name: 'The Octocat', email: 'octo@example.com', groups: [], role: 'admin' })
  t.like((await app.attempts())[0], { actor: 'octocat', via: 'github', outcome: 'succeeded' })
  const [user, emails] = github.requests.slice(-2)
  t.is(user?.path, '/api/v3/user')
  t.is(emails?.path, '/api/v3/user/emails')
  t.is(user?.headers['x-github-api-version'], '2022-11-28')
})

test('refuses an account that is not on the allowlist', async (t) => {
  const { app, github } = await setUp(t)
  github.person = account({ login: 'mallory', id: 666 })
  const { path, whoami } = await signIn(app)
  t.is(path, '/sign-in?error=not-allowed&return_to=%2Fapps')
  t.is(whoami, null)
  t.like((await app.attempts())[0], { actor: 'mallory', outcome: 'denied' })
})

test('a renamed account keeps its access, and the new owner of its old login gets none', async (t) => {
  const { app, github } = await setUp(t)
  const { id } = (await signIn(app)).whoami
  github.person = account({ login: 'octocat-2' })
  t.like((await signIn(app)).whoami, { id, login: 'octocat', provider: github.url })
  github.person = account({ login: 'octocat', id: 666 })
  t.is((await signIn(app)).path, '/sign-in?error=not-allowed&return_to=%2Fapps')
  t.is(app.users.list().length, 1)
})

test('uses only the primary, verified address, not the one in the public profile', async (t) => {
  const { app, github } = await setUp(t)
  const lists = [
    [[email('a@example.com', { primary: false }), email('b@example.com')], 'b@example.com'],
    [[email('a@example.com', { verified: false })], null],
    [[], null],
    [undefined, null],
  ] as const
  for (const [emails, expected] of lists) {
    github.emails = emails && [...emails]
    t.is((await signIn(app)).whoami.email, expected)
  }
})

test('a person who declines at GitHub sees that as the reason', async (t) => {
  const { app, github } = await setUp(t)
  github.person = null
  t.is((await signIn(app)).path, '/sign-in?error=denied&return_to=%2Fapps')
})

test('refuses a used code and a code from another browser', async (t) => {
  const { app } = await setUp(t)
  const callbackFor = async () => {
    const browser = cookieBrowser()
    const { url } = await browser.go(`${app.url}/auth/github`, (next) => next.pathname.endsWith('/callback'))
    return { browser, url }
  }
  const [stolen, own] = [await callbackFor(), await callbackFor()]
  own.url.searchParams.set('code', stolen.url.searchParams.get('code') ?? '')
  t.is((await own.browser.visit(own.url)).location?.search, '?error=provider')
  const [used, later] = [await callbackFor(), await callbackFor()]
  t.regex((await used.browser.visit(used.url)).location?.hash ?? '', /^#finish=/)
  later.url.searchParams.set('code', used.url.searchParams.get('code') ?? '')
  t.is((await later.browser.visit(later.url)).location?.search, '?error=provider')
  t.is((await app.attempts()).at(-1)?.detail, 'the provider answered bad_verification_code: The code passed is incorrect or expired.')
})

test('distinguishes GitHub failures', async (t) => {
  const { app, github } = await setUp(t)
  const user = '/api/v3/user'
  const faults = [
    [user, { status: 500, body: '{}' }, 'unreachable'],
    [user, { status: 403, body: '{"message":"rate limit"}' }, 'provider'],
    [user, { status: 200, body: '<html>' }, 'provider'],
    [user, { status: 200, body: '{"login":"octocat"}' }, 'provider'],
    [user, { status: 200, body: '{"login":"octocat","id":"583231"}' }, 'provider'],
    [`${user}/emails`, { status: 200, body: '{}' }, 'provider'],
    ['/login/oauth/access_token', { status: 503, body: '' }, 'unreachable'],
    ['/login/oauth/access_token', { status: 200, body: '{"error":"incorrect_client_credentials"}' }, 'provider'],
  ] as const
  for (const [path, answer, failure] of faults) {
    github.instead.set(path, answer)
    const { path: page, whoami } = await signIn(app)
    t.is(page, `/sign-in?error=${failure}&return_to=%2Fapps`, `${path} ${answer.body}`)
    t.is(whoami, null)
    t.log((await app.attempts()).at(-1)?.detail)
    github.instead.clear()
  }
  t.is((await signIn(app)).path, '/apps')
})

test('roles use the login at the first sign-in, not a later one', async (t) => {
  const { app, github } = await setUp(t, parseGrants('admin', 'octocat'))
  github.config.allow.users = ['octocat', 'mallory']
  t.is((await signIn(app)).whoami.role, 'admin')
  github.person = account({ login: 'octocat-2' })
  t.is((await signIn(app)).whoami.role, 'admin', 'renamed')
  github.person = account({ login: 'mallory', id: 666 })
  t.is((await signIn(app)).whoami.role, 'viewer')
  github.person = account({ login: 'octocat', id: 666 })
  t.is((await signIn(app)).whoami.role, 'viewer', 'mallory took the freed login over')
})

test('the same account number on two servers means two accounts', (t) => {
  t.is(githubName({ baseUrl: 'https://github.com' }), 'github')
  t.is(githubName({ baseUrl: 'https://git.example.com' }), 'https://git.example.com')
})
