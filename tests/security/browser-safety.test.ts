import { once } from 'node:events'
import test, { type ExecutionContext } from 'ava'
import { WebSocket } from 'ws'
import type { Environment } from '../../api/config.ts'
import { fakeGithub } from '../helpers/fake-github.ts'
import { freePort } from '../helpers/free-port.ts'
import { peopleSettings, sessionOf, signIn, tokenOf } from '../helpers/people.ts'
import { runningNode, type RunningNode } from '../helpers/running-node.ts'

/** Signs in with GitHub like a browser, with headers that a proxy adds. @returns every Set-Cookie */
async function signInThrough(t: ExecutionContext, between: Record<string, string>, env: Environment = {}) {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const github = await fakeGithub(t, url)
  const { clientId, clientSecret } = github.config
  const node = await runningNode(t, {
    ...{ SERVER_ADDRESS: `127.0.0.1:${port}`, AUTH_BASE_URL: url, AUTH_ENABLED: 'true', JWT_SECRET: peopleSettings['JWT_SECRET'] },
    ...{ GITHUB_BASE_URL: github.url, GITHUB_CLIENT_ID: clientId, GITHUB_CLIENT_SECRET: clientSecret, GITHUB_ALLOWED_USERS: 'octocat' },
    ...env,
  })
  const begun = await node.send('/auth/github', { headers: between })
  const authorized = await fetch(String(begun.headers['location']), { redirect: 'manual' })
  const back = new URL(authorized.headers.get('location') ?? '')
  const [flow = ''] = begun.headers['set-cookie'] ?? []
  const [cookie = ''] = flow.split(';')
  const returned = await node.send(back.pathname + back.search, { headers: { ...between, cookie } })
  const [finishing = ''] = ((returned.headers['set-cookie'] ?? []) as string[]).filter((line) => !line.includes('Max-Age=0'))
  const code = /#finish=([\w-]+)$/.exec(String(returned.headers['location']))?.[1]
  const done = await node.send('/auth/finish', {
    method: 'POST',
    json: { code },
    headers: { ...between, cookie: finishing.split(';')[0] ?? '' },
  })
  const session = (done.headers['set-cookie'] as string[]).find((line) => line.includes('selfhostly_session')) ?? ''
  return { node, flow, session }
}

const attributesOf = (line: string): string[] =>
  line
    .split('; ')
    .slice(1)
    .filter((attribute) => !attribute.startsWith('Max-Age'))
    .toSorted()

test('over plain HTTP the session cookie is HttpOnly and SameSite', async (t) => {
  const { session, flow } = await signInThrough(t, {})
  t.regex(session, /^selfhostly_session=[\w-]{43}\.[\w-]{43};/)
  t.deepEqual(attributesOf(session), ['HttpOnly', 'Path=/', 'SameSite=Lax'])
  t.deepEqual(attributesOf(flow), ['HttpOnly', 'Path=/auth', 'SameSite=Lax'])
})

test('cookies behind a trusted TLS proxy are Secure and bound to the host', async (t) => {
  const tls = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.7' }
  const { node, session, flow } = await signInThrough(t, tls, { TRUSTED_PROXIES: '127.0.0.1' })
  t.regex(session, /^__Host-selfhostly_session=/)
  t.deepEqual(attributesOf(session), ['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure'])
  t.deepEqual(attributesOf(flow), ['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure'])
  const [cookie = ''] = session.split(';')
  t.is((await node.send('/api/nodes', { headers: { ...tls, cookie } })).status, 200)
  t.is((await node.send('/api/nodes', { headers: { ...tls, cookie: cookie.replace('__Host-', '') } })).status, 401)
})

test('a TLS header from a stranger is ignored', async (t) => {
  const { session } = await signInThrough(t, { 'x-forwarded-proto': 'https' })
  t.deepEqual(attributesOf(session), ['HttpOnly', 'Path=/', 'SameSite=Lax'])
})

const mutation = { query: 'mutation { signOutEverywhere }' }
const forms = ['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']

test("a page of another site cannot use its visitor's cookie to change anything", async (t) => {
  const node = await runningNode(t, peopleSettings)
  const admin = await signIn(node, 'admin')
  const cookie = await sessionOf(node, admin)
  const foreign: Record<string, string>[] = [
    { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    { origin: 'null' },
    { origin: node.url.replace('http:', 'ftp:') },
    { origin: `${node.url}.evil.example` },
    { 'sec-fetch-site': 'cross-site' },
  ]
  for (const headers of foreign) {
    for (const type of forms) {
      const call = { method: 'POST', headers: { ...cookie, ...headers, 'content-type': type } }
      for (const [path, body] of [
        ['/graphql', JSON.stringify(mutation)],
        [`/api/nodes/${node.id}/check`, ''],
        ['/auth/sign-out', ''],
      ] as const) {
        const { status, text } = await node.send(path, { ...call, body })
        t.is(status, 403, `${path} ${type} ${JSON.stringify(headers)}: ${text}`)
      }
    }
    for (const method of ['PUT', 'DELETE', 'PATCH'])
      t.is((await node.send('/api/settings', { method, headers: { ...cookie, ...headers }, body: '{}' })).status, 403)
  }
  t.is(node.services.access.sessions?.listOf(admin.id).length, 1, 'it is still there')
  const own = await node.send('/graphql', { method: 'POST', json: mutation, headers: { ...cookie, origin: node.url } })
  t.deepEqual(own.json, { data: { signOutEverywhere: true } })
})

test('GraphQL refuses requests that a page can send without a preflight: text/plain, and mutations by GET', async (t) => {
  const node = await runningNode(t, peopleSettings)
  const cookie = await sessionOf(node, await signIn(node, 'admin'))
  const plain = await node.send('/graphql', {
    method: 'POST',
    body: JSON.stringify(mutation),
    headers: { ...cookie, 'content-type': 'text/plain' },
  })
  t.is(plain.status, 415)
  const byGet = await node.send(`/graphql?query=${encodeURIComponent(mutation.query)}`, { headers: cookie })
  t.is(byGet.status, 405)
  t.is((await node.send('/api/nodes', { headers: cookie })).status, 200, 'the session is still there')
})

/** `open`, or the status that refused the upgrade. */
async function upgrade(node: RunningNode, headers: Record<string, string>): Promise<'open' | number> {
  const socket = new WebSocket(`${node.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers })
  const outcome = await Promise.race([
    once(socket, 'open').then(() => 'open' as const),
    once(socket, 'unexpected-response').then(([, response]) => Number(response.statusCode)),
  ])
  socket.on('error', () => undefined)
  socket.terminate()
  return outcome
}

test('only pages of this server and of allowed origins can open a WebSocket', async (t) => {
  const node = await runningNode(t, { ...peopleSettings, CORS_ORIGINS: 'https://tools.example.com' })
  const cookie = await sessionOf(node, await signIn(node, 'viewer'))
  for (const [origin, expected] of [
    [node.url, 'open'],
    ['https://tools.example.com', 'open'],
    ['https://evil.example', 403],
    ['https://tools.example.com.evil.example', 403],
    ['http://tools.example.com', 403],
    ['null', 403],
    ['http://127.0.0.1:1', 403],
  ] as const) {
    t.is(await upgrade(node, { ...cookie, origin }), expected, origin)
  }
  t.is(await upgrade(node, { ...cookie, 'sec-fetch-site': 'cross-site' }), 403)
  t.is(await upgrade(node, cookie), 'open', 'what is no browser sends no origin')
  const { host } = new URL(node.url)
  const behindTls = await runningNode(t, { ...peopleSettings, TRUSTED_PROXIES: '127.0.0.1' })
  const tls = { host, 'x-forwarded-proto': 'https' }
  t.is(await upgrade(behindTls, { ...tls, origin: `https://${host}` }), 'open')
  t.is(await upgrade(behindTls, { ...tls, origin: `http://${host}` }), 403, 'a page loaded without TLS is not trusted')
})

test('CORS: only configured origins can read and change things', async (t) => {
  const node = await runningNode(t, { ...peopleSettings, CORS_ORIGINS: 'https://tools.example.com' })
  const { authorization } = await tokenOf(node, await signIn(node, 'admin'), 'admin')
  const from = (origin: string, method = 'GET') => node.send('/api/nodes', { method, headers: { authorization, origin } })
  const allowed = await from('https://tools.example.com')
  t.is(allowed.headers['access-control-allow-origin'], 'https://tools.example.com')
  t.is(allowed.headers['access-control-allow-credentials'], 'true')
  t.is((await from('https://evil.example')).headers['access-control-allow-origin'], undefined)
  const preflight = (origin: string) =>
    node.send('/graphql', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
    })
  const asked = await preflight('https://tools.example.com')
  t.is(asked.status, 204)
  t.is(asked.headers['access-control-allow-origin'], 'https://tools.example.com')
  t.is((await preflight('https://evil.example')).headers['access-control-allow-origin'], undefined)
  const change = (origin: string) => node.send(`/api/nodes/${node.id}/check`, { method: 'POST', headers: { authorization, origin } })
  t.is((await change('https://tools.example.com')).status, 200)
  t.is((await change('https://evil.example')).status, 403)
  const internal = await node.send('/api/internal/system/stats', { headers: { origin: 'https://tools.example.com' } })
  t.is(internal.headers['access-control-allow-origin'], undefined, 'nodes are no pages')
})

test('DNS rebinding: unknown host names are refused in every mode', async (t) => {
  const names = ['rebound.example', 'localhost.evil.example', '127.0.0.1.evil.example']
  for (const env of [{}, { AUTH_ENABLED: 'false' }, peopleSettings]) {
    const node = await runningNode(t, { ...env, AUTH_BASE_URL: 'https://selfhostly.example.com', ALLOWED_HOSTS: 'box.lan' })
    const own =
      env === peopleSettings
        ? await sessionOf(node, await signIn(node, 'admin')).then(({ cookie }) => ({ cookie: `__Host-${cookie}; ${cookie}` }))
        : node.headers
    for (const name of names) {
      const host = `${name}:${new URL(node.url).port}`
      for (const path of ['/api/nodes', '/graphql?query={__typename}', '/', '/avatar/octocat']) {
        t.is((await node.send(path, { headers: { ...own, host } })).status, 421, `${JSON.stringify(env)} ${host} ${path}`)
      }
      t.is(await upgrade(node, { ...own, host }), 421, host)
    }
    for (const host of ['selfhostly.example.com', 'BOX.lan:8080', 'localhost:8080', '[::1]:8080', '192.0.2.1']) {
      t.is((await node.send('/api/nodes', { headers: { ...own, host } })).status, 200, host)
    }
  }
})
