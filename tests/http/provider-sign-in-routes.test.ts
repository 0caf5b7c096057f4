import test, { type ExecutionContext } from 'ava'
import { parseGrants } from '../../api/auth/grants.ts'
import { browserSecretHeader } from '../../api/http/browser-secret.ts'
import { cookieBrowser, type CookieBrowser } from '../helpers/cookie-browser.ts'
import { account, fakeGithub, type FakeGithub } from '../helpers/fake-github.ts'
import { freePort } from '../helpers/free-port.ts'
import { callerOf } from '../helpers/http-caller.ts'
import { peopleSettings } from '../helpers/people.ts'
import { runningNode } from '../helpers/running-node.ts'
import { signInApp } from '../helpers/sign-in-app.ts'

async function setUp(t: ExecutionContext<unknown>, { secure = false } = {}) {
  let github: FakeGithub | undefined
  const app = await signInApp(t, {
    ...{ secure, grants: parseGrants('admin', 'octocat') },
    async github(appUrl) {
      github = await fakeGithub(t, appUrl)
      return github.config
    },
  })
  if (!github) throw new Error('no GitHub')
  return { app, github }
}

const sessionIn = (browser: ReturnType<typeof cookieBrowser>, url: string) => browser.cookies(url).get('selfhostly_session')?.value ?? ''

test('only configured providers have routes', async (t) => {
  const { app } = await setUp(t)
  const node = await runningNode(t, peopleSettings)
  const providers = [{ id: 'github', label: 'GitHub', url: '/auth/github' }]
  t.deepEqual((await node.send('/auth/providers')).json, { providers, password: false, passkey: false, link: true })
  t.is((await cookieBrowser().visit(`${app.url}/auth/oidc`)).text, 'page /auth/oidc')
})

test('a link to the sign-in page cannot send people on to another site', async (t) => {
  const { app, github } = await setUp(t)
  const tricks = [
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '/%09/evil.example',
    '/..//evil.example',
    '/x/%2e%2e//evil.example',
  ]
  for (const trick of tricks) {
    const asIs = /%09/.test(trick) ? trick : encodeURIComponent(trick)
    const { url } = await cookieBrowser().go(`${app.url}/auth/github?return_to=${asIs}`)
    t.is(url.href, `${app.url}/`, trick)
  }
  github.person = null
  const { url } = await cookieBrowser().go(`${app.url}/auth/github?return_to=//evil.example`)
  t.is(url.href, `${app.url}/sign-in?error=denied`)
})

test("a sign-in never keeps an earlier session, neither a planted one nor another person's", async (t) => {
  const { app, github } = await setUp(t)
  github.config.allow.users = ['octocat', 'mallory']
  const attacker = cookieBrowser()
  github.person = account({ login: 'mallory', id: 666 })
  await attacker.go(`${app.url}/auth/github`)
  const planted = sessionIn(attacker, app.url)
  t.truthy(app.sessions.use(planted))

  github.person = account()
  const victim = cookieBrowser()
  victim.cookies(app.url).set('selfhostly_session', { value: planted, path: '/', attributes: [] })
  await victim.go(`${app.url}/auth/github`)
  const own = sessionIn(victim, app.url)
  t.not(own, planted)
  t.is(app.sessions.use(planted), null, 'ended by the sign-in that it was brought to')
  t.is((await victim.visit(`${app.url}/whoami`)).json.login, 'octocat')
  t.is((await attacker.visit(`${app.url}/whoami`)).json, null)

  await victim.go(`${app.url}/auth/github`)
  t.not(sessionIn(victim, app.url), own)
  t.is(app.sessions.listOf((await victim.visit(`${app.url}/whoami`)).json.id).length, 1)
})

test('never adopts a session value that this server did not make', async (t) => {
  const { app } = await setUp(t)
  const browser = cookieBrowser()
  browser.cookies(app.url).set('selfhostly_session', { value: 'chosen.by-somebody', path: '/', attributes: [] })
  await browser.go(`${app.url}/auth/github`)
  t.not(sessionIn(browser, app.url), 'chosen.by-somebody')
  t.is((await browser.visit(`${app.url}/whoami`)).json.login, 'octocat')
})

test('a failed sign-in leaves the current session alone and makes none', async (t) => {
  const { app, github } = await setUp(t)
  const browser = cookieBrowser()
  await browser.go(`${app.url}/auth/github`)
  const before = sessionIn(browser, app.url)
  github.person = null
  t.regex((await browser.go(`${app.url}/auth/github`)).url.search, /error=denied/)
  t.is(sessionIn(browser, app.url), before)
  t.truthy(app.sessions.use(before))
  const stranger = cookieBrowser()
  await stranger.go(`${app.url}/auth/github`)
  t.is(sessionIn(stranger, app.url), '')
})

test('behind TLS a cookie without the prefix is ignored, so no neighbor domain can plant one', async (t) => {
  const { app } = await setUp(t, { secure: true })
  const browser = cookieBrowser()
  await browser.go(`${app.url}/auth/github`)
  const { value = '' } = browser.cookies(app.url).get('__Host-selfhostly_session') ?? {}
  t.truthy(app.sessions.use(value))
  t.is((await cookieBrowser().visit(`${app.url}/whoami`, { headers: { cookie: `selfhostly_session=${value}` } })).json, null)
})

test('signing out ends the session, not just the cookie', async (t) => {
  const { app } = await setUp(t)
  const browser = cookieBrowser()
  await browser.go(`${app.url}/auth/github`)
  const cookie = sessionIn(browser, app.url)
  const { status, headers } = await browser.visit(`${app.url}/auth/sign-out`, { method: 'POST' })
  t.is(status, 204)
  t.regex(String(headers['set-cookie']), /^selfhostly_session=; Max-Age=0; Path=\/; HttpOnly; SameSite=Lax$/)
  t.is(app.sessions.use(cookie), null)
  t.is(sessionIn(browser, app.url), '')
  const [ended, started] = await app.audit.list({ action: 'sign-out' }, { limit: 10 })
  t.like(ended, { actor: 'octocat', via: 'session', address: '192.0.2.7', outcome: 'succeeded', startedId: started?.id })
  t.is((await browser.visit(`${app.url}/auth/sign-out`, { method: 'POST' })).status, 204, 'signing out without a session')
  t.is(await app.audit.count({ action: 'sign-out' }), 2)
})

test('signing out needs a POST, not a link', async (t) => {
  const { app } = await setUp(t)
  const browser = cookieBrowser()
  await browser.go(`${app.url}/auth/github`)
  t.is((await browser.visit(`${app.url}/auth/sign-out`)).text, 'page /auth/sign-out')
  t.truthy(app.sessions.use(sessionIn(browser, app.url)))
})

test('a sign-in that cannot be audited fails', async (t) => {
  const { app } = await setUp(t)
  const full = `create trigger "full" before insert on "audit_entries" begin select raise(abort, 'disk full'); end`
  await app.em.getConnection().execute(full)
  const browser = cookieBrowser()
  const { url } = await browser.go(`${app.url}/auth/github`)
  t.is(url.search, '?error=failed')
  t.is(sessionIn(browser, app.url), '')
  t.is((await app.em.getConnection().execute('select * from sessions')).length, 0)
  t.regex(JSON.stringify(app.lines), /disk full/)
})

test('an avatar is drawn from the name, always the same, and runs nothing', async (t) => {
  const { app } = await setUp(t)
  const { send } = callerOf(app.url)
  const jane = await send('/avatar/jane.doe@example.com')
  t.is(jane.status, 200)
  t.is(jane.headers['content-type'], 'image/svg+xml')
  t.is(jane.headers['content-security-policy'], "default-src 'none'; style-src 'unsafe-inline'")
  t.is(jane.headers['x-content-type-options'], 'nosniff')
  t.is(jane.headers['cache-control'], 'public, max-age=86400')
  t.regex(jane.text, />JD<\/text>/)
  t.is((await send('/avatar/jane.doe@example.com')).text, jane.text)
  t.regex((await send('/avatar/octocat')).text, />O<\/text>/)
  t.regex((await send('/avatar/%C3%A4nne-li')).text, />ÄL<\/text>/)
  t.regex((await send('/avatar/_@x')).text, />X<\/text>/)
  const hues = ['octocat', 'alice', 'bob'].map(async (name) => /hsl\((\d+) /.exec((await send(`/avatar/${name}`)).text)?.[1])
  t.is(new Set(await Promise.all(hues)).size, 3)
})

// Sent unchanged, because `fetch` would resolve the dots first.
for (const path of [
  ...[
    '/avatar/',
    '/avatar/.',
    '/avatar/..',
    '/avatar/...',
    '/avatar/_-@',
    '/avatar/../avatar',
    '/avatar/../../etc/passwd',
    '/avatar/%2e%2e',
    '/avatar/..%2f..%2fetc%2fpasswd',
  ],
  ...[
    '/avatar/%2e%2e%2f%2e%2e%2fetc%2fpasswd',
    '/avatar/..%5c..%5cwindows',
    '/avatar/%252e%252e%252fetc',
    '/avatar//etc/passwd',
    '/avatar/a%00b',
  ],
  ...[
    '/avatar/%3Csvg%20onload=alert(1)%3E',
    '/avatar/a%22onload=%22x',
    '/avatar/a&lt;',
    '/avatar/a%20b',
    '/avatar/%ff',
    '/avatar/%',
    '/avatar/a%0d%0ab',
  ],
  `/avatar/${'x'.repeat(101)}`,
]) {
  test(`no avatar: ${path.slice(0, 60)}`, async (t) => {
    const { app } = await setUp(t)
    const { status, headers, text } = await callerOf(app.url).send(path)
    t.not(headers['content-type'], 'image/svg+xml')
    t.true(status === 400 || /^page /.test(text), `${status} ${text}`)
    t.notRegex(text, /root:|onload=/)
  })
}

test('a whole node: after signing in with GitHub, a person uses GraphQL until they sign out', async (t) => {
  const url = `http://127.0.0.1:${await freePort()}`
  const github = await fakeGithub(t, url)
  await runningNode(t, {
    ...{ SERVER_ADDRESS: new URL(url).host, AUTH_ENABLED: 'true', AUTH_BASE_URL: url, JWT_SECRET: 's'.repeat(32) },
    ...{ GITHUB_CLIENT_ID: github.config.clientId, GITHUB_CLIENT_SECRET: github.config.clientSecret },
    ...{ GITHUB_ALLOWED_USERS: 'octocat', GITHUB_BASE_URL: github.url },
  })
  const browser = cookieBrowser()
  const ask = async () => {
    const cookie = `selfhostly_session=${sessionIn(browser, url)}`
    const headers = { 'content-type': 'application/json', origin: url, cookie, [browserSecretHeader]: browser.secret }
    const { json } = await callerOf(url).send('/graphql', {
      method: 'POST',
      headers,
      body: JSON.stringify({ query: '{ viewer { name } }' }),
    })
    return json.data?.viewer?.name ?? json.errors?.[0]?.extensions?.code ?? json.code
  }
  t.is(await ask(), 'UNAUTHENTICATED')
  t.is((await browser.go(`${url}/auth/github?return_to=/avatar/octocat`)).url.pathname, '/avatar/octocat')
  t.is(await ask(), 'octocat')
  const fromElsewhere = await browser.visit(`${url}/auth/sign-out`, { method: 'POST', headers: { origin: 'https://evil.example' } })
  t.is(fromElsewhere.status, 403)
  t.is(await ask(), 'octocat')
  t.is((await browser.visit(`${url}/auth/sign-out`, { method: 'POST', headers: { origin: url } })).status, 204)
  t.is(await ask(), 'UNAUTHENTICATED')
})

test('an invitation lets in one account that is on no list, with its role, and nobody twice', async (t) => {
  const { app, github } = await setUp(t)
  const { code } = await app.invitations.make(
    { role: 'operator', nodeLimit: [{ env: 'lab' }], note: '', expiresInHours: 1 },
    { userId: null, name: 'alice' },
  )
  const byInvitation = async (person: CookieBrowser, invitation: string) => {
    const begun = await person.visit(`${app.url}/auth/invitation/github`, { method: 'POST', json: { code: invitation } })
    return begun.status === 200 ? (await person.go(begun.json.url)).url.href : begun.status
  }
  // Somebody on the list gets in as they are, and the invitation is still there.
  const [listed, guest, late] = [cookieBrowser(), cookieBrowser(), cookieBrowser()]
  t.is(await byInvitation(listed, code), `${app.url}/`)
  t.like((await listed.visit(`${app.url}/whoami`)).json, { login: 'octocat', role: 'admin' })

  github.person = account({ login: 'guest', id: 77 })
  const begunBefore = await late.visit(`${app.url}/auth/invitation/github`, { method: 'POST', json: { code } })
  t.is(await byInvitation(guest, code), `${app.url}/`)
  t.like((await guest.visit(`${app.url}/whoami`)).json, { login: 'guest', role: 'operator', nodeLimit: [{ env: 'lab' }] })
  github.person = account({ login: 'late', id: 78 })
  t.is((await late.go(begunBefore.json.url)).url.href, `${app.url}/sign-in?error=invitation`)
  t.is(await byInvitation(late, code), 401)

  github.person = account({ login: 'guest', id: 77 })
  const again = cookieBrowser()
  await again.go(`${app.url}/auth/github`)
  t.like((await again.visit(`${app.url}/whoami`)).json, { login: 'guest', role: 'operator' }, 'no invitation is needed from then on')
  await app.users.remove((await again.visit(`${app.url}/whoami`)).json.id)
  t.is((await cookieBrowser().go(`${app.url}/auth/github`)).url.href, `${app.url}/sign-in?error=not-allowed`)
})
