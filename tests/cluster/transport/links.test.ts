import { setImmediate as nextTurn } from 'node:timers/promises'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import test from 'ava'
import { systemClock } from '../../../api/clock.ts'
import { createAcceptGate } from '../../../api/cluster/transport/accept-gate.ts'
import { fetchOver } from '../../../api/cluster/transport/link-fetch.ts'
import { dial } from '../../../api/cluster/transport/link-socket.ts'
import { linkTable, nodeEnd } from '../../helpers/link-pair.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'
import { peerId } from '../../helpers/peer.ts'
import { until } from '../../helpers/until.ts'

const get = (path: string, signal = new AbortController().signal) => ({ method: 'GET', path, headers: {}, body: undefined, signal })
const sessionTo = (links: Awaited<ReturnType<typeof linkTable>>['links']) => {
  const link = links.get(peerId)
  if (!link) throw new Error('there is no link')
  return link.session
}

test('carries concurrent requests and answers with their method, headers and body', async (t) => {
  const { links, url } = await linkTable(t, systemClock)
  await nodeEnd(url, (request, response) => {
    void text(request).then((body) => {
      if (request.url === '/none') return void response.writeHead(202).end()
      response.writeHead(201, { 'content-type': 'application/json', 'x-said': String(request.headers['x-said']) })
      response.end(JSON.stringify({ method: request.method, path: request.url, body }))
    })
  })
  const session = sessionTo(links)
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const call = { ...get(`/${index}`), method: 'POST', headers: { 'x-said': `${index}` }, body: `body ${index}` }
      const response = await fetchOver(session, call)
      return { status: response.status, said: response.headers.get('x-said'), json: await response.json() }
    }),
  )
  for (const [index, answer] of answers.entries())
    t.deepEqual(answer, { status: 201, said: `${index}`, json: { method: 'POST', path: `/${index}`, body: `body ${index}` } })
  const none = await fetchOver(session, get('/none'))
  t.is(none.status, 202)
  t.is(await none.text(), '')
})

test('a request streams both ways at once, and an unread answer does not block others', async (t) => {
  const { links, url } = await linkTable(t, systemClock)
  const block = Buffer.alloc(64 * 1024, 'x')
  let sent = 0
  await nodeEnd(url, (request, response) => {
    if (request.url === '/echo') return void request.pipe(response)
    if (request.url === '/small') return void response.end('here')
    const more = (): void => {
      while (response.write(block)) sent += block.length
      sent += block.length
      response.once('drain', more)
    }
    more()
  })
  const session = sessionTo(links)
  const unread = await fetchOver(session, get('/endless'))
  const echo = session.request({ ':method': 'POST', ':path': '/echo' })
  t.teardown(() => echo.destroy())
  for (const word of ['one', 'two', 'three']) {
    echo.write(word)
    const [heard] = (await once(echo, 'data')) as [Buffer]
    t.is(heard.toString(), word, 'answered before the request has ended')
  }
  for (let i = 0; i < 50; i++) t.is(await (await fetchOver(session, get('/small'))).text(), 'here')
  t.true(sent < 8 * 1024 * 1024, `the sender is held back: it sent ${sent} bytes`)
  await unread.body?.cancel()
  await new Promise((resolve) => echo.end(resolve))
})

test('a running answer ends with the link; a cancelled call ends only itself', async (t) => {
  const { links, url } = await linkTable(t, systemClock)
  const wire = await nodeEnd(url, (request, response) => void (request.url === '/begun' ? response.write('x') : undefined))
  const session = sessionTo(links)
  const begun = await fetchOver(session, get('/begun'))
  const cancel = new AbortController()
  const cancelled = fetchOver(session, get('/never', cancel.signal))
  cancel.abort(new Error('the caller has left'))
  await t.throwsAsync(cancelled, { message: 'the caller has left' })
  const waiting = fetchOver(session, get('/never'))
  wire.socket.terminate()
  await t.throwsAsync(waiting)
  await t.throwsAsync(begun.text())
  await t.throwsAsync(async () => fetchOver(session, get('/late')))
})

test('a newer link replaces an older one, and the late end of the older one changes nothing', async (t) => {
  const { links, url, ups, downs } = await linkTable(t, systemClock)
  const listener = (name: string) => (_: unknown, response: { end: (text: string) => void }) => response.end(name)
  const first = await nodeEnd(url, listener('first'))
  t.is(links.get(peerId)?.generation, 1)
  const closed = once(first.socket, 'close')
  await nodeEnd(url, listener('second'))
  t.like(links.get(peerId), { generation: 2, dialledBy: 'node' })
  await closed
  t.is(await (await fetchOver(sessionTo(links), get('/'))).text(), 'second')
  t.deepEqual({ ups: ups.length, downs }, { ups: 2, downs: [] })
})

test('calls on a replaced link can finish there within 20 s; closing the links of a node cuts them off', async (t) => {
  const clock = createManualClock()
  const { links, url, downs } = await linkTable(t, clock)
  const unanswered: { end: (text: string) => void }[] = []
  const former = await nodeEnd(url, (_, response) => void unanswered.push(response))
  const calls = [1, 2].map(() => fetchOver(sessionTo(links), get('/slow')).then((response) => response.text()))
  await until(() => unanswered.length === 2)
  await nodeEnd(url, (_, response) => void response.end('newer'))
  t.is(await (await fetchOver(sessionTo(links), get('/'))).text(), 'newer')
  unanswered[0]?.end('ended there')
  t.is(await calls[0], 'ended there')
  t.is(former.socket.readyState, former.socket.OPEN)
  const cut = t.throwsAsync(calls[1] ?? Promise.resolve())
  const gone = once(former.socket, 'close')
  /** Moves the clock in steps and uses the other link in between, so that it can answer its PINGs. */
  const passing = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      clock.advance(1000)
      await fetchOver(sessionTo(links), get('/'))
    }
  }
  await passing(18)
  t.is(former.socket.readyState, former.socket.OPEN)
  await passing(4)
  await Promise.all([cut, gone])

  await nodeEnd(url, (_, response) => void unanswered.push(response))
  const lost = t.throwsAsync(fetchOver(sessionTo(links), get('/slow')))
  await until(() => unanswered.length === 3)
  await nodeEnd(url, () => undefined)
  links.close(peerId)
  await lost
  t.deepEqual({ open: links.get(peerId), downs }, { open: undefined, downs: [] })
})

test('a side that does not answer PINGs is lost after 7.5 s; one that does can stay quiet indefinitely', async (t) => {
  const clock = createManualClock()
  const { links, url, downs } = await linkTable(t, clock)
  const quiet = await nodeEnd(url, () => undefined)
  for (let second = 0; second < 60; second += 2) {
    clock.advance(2000)
    // The answer travels back over real sockets.
    await fetchOver(sessionTo(links), get('/', AbortSignal.timeout(20))).catch(() => undefined)
  }
  t.deepEqual(downs, [])
  // No more frames pass, but the connection stays open.
  quiet.socket.pause()
  await until(() => {
    clock.advance(2000)
    return downs.length > 0
  })
  t.regex(downs[0] ?? '', /^nothing was received over the link for \d/)
  t.is(links.get(peerId), undefined)
})

test('waiting for a link returns the one that opens, or none at the deadline', async (t) => {
  const clock = createManualClock()
  const { links, url } = await linkTable(t, clock)
  const inVain = links.waitFor(peerId, 1000)
  clock.advance(1000)
  t.is(await inVain, undefined)
  const inTime = links.waitFor(peerId, 1000)
  await nodeEnd(url, () => undefined)
  t.is((await inTime)?.generation, 1)
  t.is((await links.waitFor(peerId, 0))?.generation, 1)
})

test('a refusal says what is wrong', async (t) => {
  const answers: Record<string, RegExp> = {
    '401 Unauthorized': /refused the credentials \(401\)/,
    '404 Not Found': /has no links \(404\): it runs an older version of Selfhostly, or a proxy/,
    '409 Conflict': /another machine uses this node's identity/,
    '502 Bad Gateway': /answered 502 instead of opening a WebSocket\. Does the proxy in between pass "Upgrade: websocket"\?/,
  }
  for (const [status, words] of Object.entries(answers)) {
    const http = createServer().on('upgrade', (_, socket) => socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n\r\n`))
    await once(http.listen(0, '127.0.0.1'), 'listening')
    await t.throwsAsync(
      nodeEnd(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, () => undefined),
      { message: words },
    )
    http.close()
  }
  await t.throwsAsync(
    nodeEnd('http://127.0.0.1:1', () => undefined),
    { message: /connection refused at 127\.0\.0\.1:1/ },
  )
})

test('data that is not HTTP/2 ends the link and nothing else', async (t) => {
  const { links, url, downs } = await linkTable(t, systemClock)
  const wire = await dial(url, {})
  wire.socket.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'.repeat(50)))
  await until(() => downs.length === 1)
  t.is(links.get(peerId), undefined)
  await nodeEnd(url, (_, response) => response.end('well'))
  t.is(await (await fetchOver(sessionTo(links), get('/'))).text(), 'well')
})

test('the gate lets in a fixed number per second and spreads the rest', async (t) => {
  const clock = createManualClock()
  const { enter, lastReturnAt } = createAcceptGate({ perSecond: 50, burst: 50, clock })
  t.is(lastReturnAt(), 0)
  const first = await Promise.all(Array.from({ length: 300 }, enter))
  t.is(first.filter((wait) => wait === 0).length, 50)
  const waits = first.slice(50)
  t.deepEqual([Math.min(...waits), Math.max(...waits)], [1, 5])
  t.is(lastReturnAt() - clock.now().getTime(), 5000)
  for (const second of [1, 2, 3, 4, 5]) {
    t.is(waits.filter((wait) => wait === second).length, 50)
    clock.advance(1000)
    const next = await Promise.all(Array.from({ length: 50 }, enter))
    t.is(next.filter((wait) => wait === 0).length, 50, 'callers that come at their turn are let in')
  }
})

test("a caller that is slightly early waits at the gate and is let in at the gate's rate", async (t) => {
  const clock = createManualClock()
  const { enter } = createAcceptGate({ perSecond: 40, burst: 10, mostHeldMs: 3000, clock })
  const answers: number[] = []
  const knock = (times: number): void => {
    for (let i = 0; i < times; i++) void enter().then((answer) => answers.push(answer))
  }
  const letIn = async (): Promise<number> => {
    await nextTurn()
    return answers.filter((answer) => answer === 0).length
  }
  knock(200)
  t.is(await letIn(), 10)
  t.deepEqual(answers.filter((answer) => answer > 0).length, 70)
  t.deepEqual([Math.min(...answers.slice(10)), Math.max(...answers)], [1, 2])
  clock.advance(1000)
  t.is(await letIn(), 50)
  knock(100)
  t.is(await letIn(), 50, 'no one jumps the queue')
  clock.advance(3000)
  t.is(await letIn(), 170)
})
