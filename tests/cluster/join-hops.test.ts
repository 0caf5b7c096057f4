import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createHttpsServer } from 'node:https'
import { createServer, type AddressInfo, type Server } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { systemClock, type Clock } from '../../api/clock.ts'
import { clockSkewInWords } from '../../api/cluster/joining/clock-skew.ts'
import { createJoinCall } from '../../api/cluster/joining/join-call.ts'
import type { NodeAbout } from '../../api/cluster/members/node-about.ts'
import type { JoinOutcome } from '../../api/cluster/joining/joiner.ts'
import { freePort } from '../helpers/free-port.ts'
import { attemptsOf, makeToken, tokensOf } from '../helpers/join.ts'
import { peer, type Answer } from '../helpers/peer.ts'
import { runningNode, runningSecondary } from '../helpers/running-node.ts'
import { selfSigned } from '../helpers/self-signed.ts'

const someToken = `shlyjoin_${randomUUID()}_secret`

/** One attempt to join at a URL, by a node that is not known there. */
function joinAt(
  primaryUrl: string,
  { token = someToken, clock = systemClock, deadlineMs = 30_000 }: { token?: string; clock?: Clock; deadlineMs?: number } = {},
): Promise<JoinOutcome> {
  const id = randomUUID()
  const self = { id, name: 'box', apiEndpoint: 'http://127.0.0.1:9', apiKey: 'key-of-a-new-node' }
  const about: NodeAbout = {
    ...{ version: '0.1.0', capabilities: [], connection: 'auto', instanceId: id, startedAt: clock.now(), hostname: 'box', program: null },
  }
  return createJoinCall({ primaryUrl, token, self, about, clock, deadlineMs })([])
}

interface Expected {
  hop: string
  reason: RegExp
  passing: boolean
  retryAfterMs?: number
}

function assertFailed(t: ExecutionContext, outcome: JoinOutcome, expected: Expected): void {
  if (outcome.kind !== 'failed') return t.fail(JSON.stringify(outcome))
  const { hop, passing, retryAfterMs = null } = expected
  t.like(outcome, { hop, passing, retryAfterMs })
  t.regex(outcome.reason, expected.reason)
}

/** Starts a server. The test closes all of its connections at the end. */
async function listening(t: ExecutionContext, server: Server): Promise<string> {
  const sockets = new Set<{ destroy(): void }>()
  server.on('connection', (socket) => {
    socket.on('error', () => undefined)
    sockets.add(socket)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('DNS: an unknown name', async (t) => {
  const outcome = await joinAt('http://primary.invalid:8080')
  assertFailed(t, outcome, { hop: 'dns', passing: true, reason: /^the host name primary\.invalid was not found in DNS$/ })
})

test('TCP: nothing listens', async (t) => {
  const port = await freePort()
  for (const host of ['127.0.0.1', 'localhost']) {
    const outcome = await joinAt(`http://${host}:${port}`)
    assertFailed(t, outcome, { hop: 'tcp', passing: true, reason: new RegExp(`^connection refused at ${host}:${port}`) })
  }
})

test('TLS: a certificate that is not trusted', async (t) => {
  const host = await listening(
    t,
    createHttpsServer(await selfSigned(t), (_request, response) => response.end('{}')),
  )
  const outcome = await joinAt(`https://${host}`)
  assertFailed(t, outcome, {
    hop: 'tls',
    passing: true,
    reason: /^the TLS certificate of 127\.0\.0\.1:\d+ is not trusted.*NODE_EXTRA_CA_CERTS/,
  })
})

test('TLS: https:// to a plain HTTP port, and the other way round', async (t) => {
  const plain = await peer(t, (_request, response) => response.end())
  assertFailed(t, await joinAt(plain.url.replace('http', 'https')), {
    hop: 'tls',
    passing: true,
    reason: /does not speak TLS\. Should the URL start with http:\/\//,
  })
  const host = await listening(t, createHttpsServer(await selfSigned(t)))
  const outcome = await joinAt(`http://${host}`)
  t.is(outcome.kind, 'failed')
  t.like(outcome, { hop: 'http', passing: true })
})

test('a server that does not speak HTTP, cuts the connection, or sends nothing', async (t) => {
  const greets = await listening(
    t,
    createServer((socket) => void socket.end('220 mail.example.com ESMTP\r\n')),
  )
  assertFailed(t, await joinAt(`http://${greets}`), { hop: 'http', passing: true, reason: /does not speak HTTP\. Is another service/ })
  const cuts = await listening(
    t,
    createServer((socket) => socket.once('data', () => socket.destroy())),
  )
  assertFailed(t, await joinAt(`http://${cuts}`), { hop: 'http', passing: true, reason: /^the connection to 127\.0\.0\.1:\d+ was cut$/ })
  const silent = await listening(
    t,
    createServer((socket) => void socket.resume()),
  )
  const slow = { deadlineMs: 2000 }
  assertFailed(t, await joinAt(`http://${silent}`, slow), {
    hop: 'http',
    passing: true,
    reason: /accepted the request but did not answer within 2 s$/,
  })
  assertFailed(t, await joinAt(`https://${silent}`, slow), {
    hop: 'tls',
    passing: true,
    reason: /accepted the connection, but TLS was not established within 2 s/,
  })
})

const proxies: Record<string, { answer: Answer; expected: Expected }> = {
  'a proxy whose primary is down': {
    answer: (_request, response) => response.writeHead(502, { server: 'nginx/1.22.1' }).end('<h1>502 Bad Gateway</h1>'),
    expected: {
      hop: 'http',
      passing: true,
      reason: /^answered 502 \(nginx\/1\.22\.1\), which is not an answer from Selfhostly: a proxy answered/,
    },
  },
  'a proxy with Retry-After': {
    answer: (_request, response) => response.writeHead(503, { 'retry-after': '7' }).end(),
    expected: { hop: 'http', passing: true, retryAfterMs: 7000, reason: /^answered 503, which/ },
  },
  'a proxy with an endless Retry-After': {
    answer: (_request, response) => response.writeHead(503, { 'retry-after': '99999999' }).end(),
    expected: { hop: 'http', passing: true, retryAfterMs: 600_000, reason: /^answered 503/ },
  },
  'a redirect to TLS': {
    answer: (_request, response) => response.writeHead(301, { location: 'https://primary.example.com/api/join' }).end(),
    expected: { hop: 'http', passing: false, reason: /a redirect to https:\/\/primary\.example\.com\/api\/join\. Set PRIMARY_NODE_URL/ },
  },
  'a proxy that requires a login': {
    answer: (_request, response) => response.writeHead(401, { 'www-authenticate': 'Basic' }).end('401'),
    expected: {
      hop: 'http',
      passing: false,
      reason: /a proxy requires a login\. Let \/api\/join and \/api\/internal\/ through without one$/,
    },
  },
  'another program': {
    answer: (_request, response) => response.writeHead(200, { server: 'Apache' }).end('<h1>It works</h1>'),
    expected: {
      hop: 'http',
      passing: false,
      reason: /^answered 200 \(Apache\), which is not an answer from Selfhostly\. Is another program/,
    },
  },
  'an endless answer': {
    answer: (_request, response) => void response.writeHead(201).end('x'.repeat(1024 * 1024)),
    expected: { hop: 'http', passing: true, reason: /^sent an answer that is too large$/ },
  },
  'a proxy with a wrong clock': {
    answer: (_request, response) => response.writeHead(502, { date: new Date(Date.now() + 3 * 3600_000).toUTCString() }).end(),
    expected: { hop: 'http', passing: true, reason: /^answered 502.*\. Also, this node's clock is 3 hours behind its primary's/ },
  },
}

for (const [name, { answer, expected }] of Object.entries(proxies)) {
  test(`HTTP: ${name}`, async (t) => {
    assertFailed(t, await joinAt((await peer(t, answer)).url), expected)
  })
}

test('clock: the primary refuses a node that is an hour ahead, and both sides show why', async (t) => {
  const primary = await runningNode(t)
  const { secret } = await makeToken(primary)
  const ahead = { now: () => new Date(Date.now() + 3600_000), after: systemClock.after }
  const outcome = await joinAt(primary.url, { token: secret, clock: ahead })
  const reason = /^this node's clock is 60 minutes ahead of its primary's.*timedatectl/
  assertFailed(t, outcome, { hop: 'clock', passing: false, reason })
  const [attempt] = await attemptsOf(primary)
  t.like(attempt, { hop: 'CLOCK', ok: false, hostname: 'box', tokenName: 'lab' })
  t.true(outcome.kind === 'failed' && attempt?.message === `time: ${outcome.reason}`)
})

test('token: a refusal shows on both sides, and a rate limit has the wait that the primary asks for', async (t) => {
  const primary = await runningNode(t)
  await makeToken(primary)
  assertFailed(t, await joinAt(primary.url), { hop: 'token', passing: false, reason: /^The join token is unknown or was revoked/ })
  t.like(await attemptsOf(primary), [{ hop: 'TOKEN', tokenName: null, hostname: 'box', ok: false }])
  let last = await joinAt(primary.url)
  for (let count = 0; count < 20; count += 1) last = await joinAt(primary.url)
  t.like(last, { kind: 'failed', hop: 'token', passing: false })
  t.true(last.kind === 'failed' && last.retryAfterMs !== null && last.retryAfterMs > 0 && last.retryAfterMs <= 60_000)
})

test('a secondary at the URL of the primary says what it is', async (t) => {
  const secondary = await runningSecondary(t, undefined, { NODE_NAME: 'worker' })
  assertFailed(t, await joinAt(secondary.url), {
    hop: 'http',
    passing: false,
    reason: /^worker is a secondary\. Nodes must join its primary$/,
  })
})

test('joined', async (t) => {
  const primary = await runningNode(t, { NODE_NAME: 'main' })
  const { secret } = await makeToken(primary)
  t.deepEqual(await joinAt(`${primary.url}`, { token: secret }), { kind: 'joined', name: 'box', primary: 'main', notes: [] })
  t.like(await tokensOf(primary), [{ uses: 1 }])
})

test('clocks can differ by five minutes either way', (t) => {
  const primary = new Date('2026-01-26T20:00:00Z')
  const at = (ms: number) => clockSkewInWords({ node: new Date(primary.getTime() + ms), primary })
  t.is(at(300_000), null)
  t.is(at(-300_000), null)
  t.regex(at(300_001) ?? '', /5 minutes ahead of/)
  t.regex(
    at(-3 * 3600_000) ?? '',
    /3 hours behind its primary's \(2026-01-26 17:00:00 UTC on the node, 2026-01-26 20:00:00 UTC on the primary\)/,
  )
})
