import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import test, { type ExecutionContext } from 'ava'
import { accessEdge } from '../helpers/access-edge.ts'
import { peopleSettings, signIn, tokenOf } from '../helpers/people.ts'
import { runningNode, runningSecondary, type RunningNode } from '../helpers/running-node.ts'

/** Sends raw bytes over a new socket. @returns everything received until the server ends the connection */
async function raw({ url }: { url: string }, ...lines: string[]): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  return text(socket)
}

const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])

const checkSelf = ({ id }: RunningNode): string => `/api/nodes/${id}/check`

/** The address in the audit log for a call with these headers. */
async function addressFor(t: ExecutionContext, node: RunningNode, headers: Record<string, string>): Promise<string | undefined> {
  const { authorization } = await tokenOf(node, await signIn(node, 'operator'), 'operator')
  const { status } = await node.send(checkSelf(node), { method: 'POST', headers: { authorization, ...headers } })
  t.is(status, 200)
  const [entry] = await node.services.access.audit.list({ action: 'node.check' }, { limit: 1 })
  return entry?.address
}

test('forwarding headers count only from a trusted proxy', async (t) => {
  const plain = await runningNode(t, peopleSettings)
  const claims = {
    'x-forwarded-for': '198.51.100.9',
    'x-real-ip': '198.51.100.9',
    forwarded: 'for=198.51.100.9',
    'true-client-ip': '198.51.100.9',
  }
  t.is(await addressFor(t, plain, claims), '127.0.0.1')

  const proxied = await runningNode(t, { ...peopleSettings, TRUSTED_PROXIES: '127.0.0.0/8,10.0.0.0/8' })
  t.is(await addressFor(t, proxied, { 'x-forwarded-for': '203.0.113.7' }), '203.0.113.7')
  t.is(await addressFor(t, proxied, { 'x-forwarded-for': '198.51.100.9, 203.0.113.7' }), '203.0.113.7', 'what the stranger wrote himself')
  t.is(await addressFor(t, proxied, { 'x-forwarded-for': '198.51.100.9, 203.0.113.7, 10.1.2.3' }), '203.0.113.7', 'a chain of proxies')
  t.is(await addressFor(t, proxied, { 'x-forwarded-for': '2001:db8::7' }), '2001:db8::7')
  t.is(await addressFor(t, proxied, { 'x-real-ip': '198.51.100.9', forwarded: 'for=198.51.100.9' }), '127.0.0.1', 'one header, not four')

  const elsewhere = await runningNode(t, { ...peopleSettings, TRUSTED_PROXIES: '192.0.2.1' })
  t.is(await addressFor(t, elsewhere, claims), '127.0.0.1', 'another proxy is trusted, not this machine')
})

/** Byte for byte what nginx from 1.29.7 on sends for a bare `proxy_pass http://localhost:8080`, and others like it: nothing says that there is a proxy. */
const bareProxy = ['Host: localhost:8080', 'Connection: close']

test('a proxy on this machine that sends no forwarding header lets no stranger in', async (t) => {
  for (const node of [await runningNode(t), await runningSecondary(t)]) {
    for (const path of [
      '/api/nodes',
      '/api/apps',
      '/api/settings',
      '/api/system/stats',
      '/api/nothing',
      '/api',
      '/graphql?query={__typename}',
    ])
      t.is(statusOf(await raw(node, `GET ${path} HTTP/1.1`, ...bareProxy)), 401, path)
    const body = JSON.stringify({ query: '{ viewer { role } }' })
    const head = ['Content-Type: application/json', `Content-Length: ${body.length}`]
    t.is(statusOf(await raw(node, 'POST /graphql HTTP/1.1', ...bareProxy, ...head, '', body)), 401)
    const browser = await raw(node, 'GET /api/nodes HTTP/1.1', ...bareProxy, 'Accept: text/html,application/xhtml+xml,*/*;q=0.8')
    t.is(statusOf(browser), 401)
    t.regex(browser, /npm run link/)
    t.is(statusOf(await raw(node, 'GET /api/nodes HTTP/1.1', ...bareProxy, `Authorization: ${node.headers['authorization']}`)), 200)
  }
})

test('where the edge lets people in, the page for strangers offers no sign-in', async (t) => {
  const edge = await accessEdge(t)
  const node = await runningNode(t, edge.settings)
  const answer = await node.stranger.send('/api/nodes', { headers: { accept: 'text/html' } })
  t.is(answer.status, 401)
  t.regex(answer.text, /You are not signed in/)
  t.regex(answer.text, /Cloudflare Access has not signed this request/)
  t.notRegex(answer.text, /npm run link|\/sign-in/)
})

test('no header makes a call count as local', async (t) => {
  const node = await runningNode(t)
  for (const header of [
    'X-Forwarded-For: 127.0.0.1',
    'X-Forwarded-Host: localhost',
    'Forwarded: for=127.0.0.1',
    'Via: 1.1 proxy',
    'X-A: b',
  ])
    t.is(statusOf(await raw(node, 'GET /api/nodes HTTP/1.1', 'Host: localhost', header, 'Connection: close')), 401, header)
})

test('ignores X-Forwarded-Host, behind a trusted proxy or not', async (t) => {
  for (const env of [{}, { TRUSTED_PROXIES: '127.0.0.1' }]) {
    const node = await runningNode(t, { ...peopleSettings, ...env })
    const { authorization } = await tokenOf(node, await signIn(node, 'viewer'), 'viewer')
    const call = (headers: Record<string, string>) => node.send('/api/nodes', { headers: { authorization, ...headers } })
    t.is((await call({ host: 'evil.example', 'x-forwarded-host': 'localhost' })).status, 421)
    t.is((await call({ 'x-forwarded-host': 'evil.example' })).status, 200, 'it is not looked at')
  }
})

/** Requests that two programs could read differently. */
const ambiguous: Record<string, string[]> = {
  'two hosts': ['GET /api/nodes HTTP/1.1', 'Host: localhost', 'Host: evil.example', 'Connection: close'],
  'two hosts, the good one last': ['GET /api/nodes HTTP/1.1', 'Host: evil.example', 'Host: localhost', 'Connection: close'],
  'no host': ['GET /api/nodes HTTP/1.1', 'Connection: close'],
  'a folded header': ['GET /api/nodes HTTP/1.1', 'Host: localhost', 'X-A: b', ' Authorization: Bearer x', 'Connection: close'],
  'a space before the colon': ['GET /api/nodes HTTP/1.1', 'Host: localhost', 'X-Forwarded-For : 127.0.0.1', 'Connection: close'],
  'two lengths': ['POST /graphql HTTP/1.1', 'Host: localhost', 'Content-Length: 4', 'Content-Length: 5', 'Connection: close', '', 'abcde'],
  'a length and chunks': [
    'POST /graphql HTTP/1.1',
    'Host: localhost',
    'Content-Length: 4',
    'Transfer-Encoding: chunked',
    'Connection: close',
    '',
    '0',
    '',
  ],
  'chunks that are not last': [
    'POST /graphql HTTP/1.1',
    'Host: localhost',
    'Transfer-Encoding: chunked, identity',
    'Connection: close',
    '',
    '0',
    '',
  ],
  'chunks in disguise': ['POST /graphql HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: xchunked', 'Connection: close', '', '0', ''],
  'a bare line feed': ['GET /api/nodes HTTP/1.1', 'Host: localhost\nX-Forwarded-For: 127.0.0.1', 'Connection: close'],
  'a zero byte': ['GET /api/nodes HTTP/1.1', 'Host: localhost', 'X-A: a\0b', 'Connection: close'],
}

test('an ambiguous request is refused in every mode', async (t) => {
  for (const env of [{}, { AUTH_ENABLED: 'false' }]) {
    const node = await runningNode(t, env)
    for (const [what, lines] of Object.entries(ambiguous)) {
      const answer = await raw(node, ...lines)
      const status = statusOf(answer)
      t.true(status >= 400 && status < 500, `${what}: ${answer.slice(0, 300)}`)
      t.is(answer.match(/HTTP\/1\.1 \d/g)?.length, 1, `${what}: one answer`)
    }
    t.is(statusOf(await raw(node, 'GET /api/health HTTP/1.1', 'Host: localhost', 'Connection: close')), 200, 'it goes on')
  }
})

test('an absolute-form request gets no more access than its Host', async (t) => {
  const node = await runningNode(t, { AUTH_ENABLED: 'false' })
  t.is(statusOf(await raw(node, 'GET http://localhost/api/nodes HTTP/1.1', 'Host: evil.example', 'Connection: close')), 400)
  const foreign = await raw(node, 'GET http://evil.example/api/nodes HTTP/1.1', 'Host: localhost', 'Connection: close')
  t.notRegex(foreign, /evil\.example/)
})

const climbs = [
  '..',
  '%2e%2e',
  '%2E.',
  '.%2e',
  '..%2f',
  '..%5c',
  '..\\',
  '%252e%252e',
  '..;',
  '....//',
  '%c0%ae%c0%ae',
  '..%00',
  '%u002e%u002e',
]
/** Found in package.json, /etc/passwd and every TypeScript file of the server. */
const ofAnotherFile = /"selfhostly",|root:x:0|from '\.\.?\//

test('no path escapes the dashboard or avatar folder', async (t) => {
  const node = await runningNode(t)
  for (const climb of climbs) {
    for (const start of ['/', '/avatar/', '/assets/', '/auth/', '/api/', '//', '/avatar/x/', '/assets/%2f']) {
      for (const target of ['package.json', '.env', 'etc/passwd', 'api/main.ts', 'data/secret.key']) {
        const path = `${start}${`${climb}/`.repeat(4)}${target}`
        const answer = await raw(node, `GET ${path} HTTP/1.1`, 'Host: localhost', 'Accept: text/html', 'Connection: close')
        t.notRegex(answer, ofAnotherFile, path)
        // Without the built dashboard a page is 503, and says so.
        t.true(statusOf(answer) < 500 || /dashboard is not built/.test(answer), `${path}: ${answer.slice(0, 200)}`)
      }
    }
  }
  t.deepEqual(
    node.log.filter(({ level }) => level === 'error'),
    [],
  )
})
