import test from 'ava'
import { createTerminalConnection, type TerminalSocket } from '../../../frontend/src/utils/terminal/terminal-connection.ts'
import type { TerminalState } from '../../../frontend/src/utils/terminal/terminal-progress.ts'
import { commandOf, inMode, piecesOf, readNews, terminalUrl, withCtrl } from '../../../frontend/src/utils/terminal/terminal-protocol.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'

interface Made extends TerminalSocket {
  session: string | null
  sent: unknown[]
  says(message: object | string): void
  loses(code?: number): void
}

function ground(session: string | null = null) {
  const clock = createManualClock()
  const sockets: Made[] = []
  const states: TerminalState[] = []
  const shown: string[] = []
  const size = { cols: 80, rows: 24 }
  const connection = createTerminalConnection({
    session,
    connect(_size, joined) {
      const socket: Made = {
        ...{ session: joined, sent: [], readyState: 1, binaryType: 'blob', onmessage: null, onclose: null },
        send: (data: unknown) => void socket.sent.push(data),
        close: (code) => void socket.sent.push(code),
        says(message) {
          const data = typeof message === 'string' ? new TextEncoder().encode(message).buffer : JSON.stringify(message)
          ;(socket.onmessage as ((event: { data: unknown }) => void) | null)?.({ data })
        },
        loses: (code = 1006) => (socket.onclose as ((event: { code: number }) => void) | null)?.({ code }),
      }
      sockets.push(socket)
      return socket
    },
    size: () => ({ ...size }),
    onOutput: (bytes, isReplayed) => shown.push(`${isReplayed ? 'again ' : ''}${Buffer.from(bytes).toString()}`),
    onReset: () => shown.push('reset'),
    onProgress: ({ state }) => states.push(state),
    now: () => clock.now().getTime(),
    after: clock.after,
  })
  connection.open()
  return { clock, sockets, states, shown, size, connection, last: () => sockets.at(-1) as Made, state: () => states.at(-1) }
}

test('a lost connection is joined again by its session, and shows what was before once', (t) => {
  const { clock, sockets, shown, last, state, connection } = ground()
  last().says({ type: 'session', id: 'a', replayed: 0 })
  last().says('$ ')
  t.is(state()?.kind, 'open')
  last().loses()
  t.is(state()?.kind, 'rejoining')
  connection.type('lost')
  clock.advance(300)
  t.is(sockets.length, 2)
  t.is(last().session, 'a')
  last().says({ type: 'session', id: 'a', replayed: 2 })
  last().says('$ ')
  last().says('new')
  t.deepEqual(shown, ['$ ', 'reset', 'again $ ', 'new'])
  t.deepEqual(last().sent, [])
})

test('a size that changed while it was opened or joined is told once it is open', (t) => {
  const { clock, size, last } = ground()
  size.cols = 120
  last().says({ type: 'session', id: 'a', replayed: 0 })
  t.deepEqual(last().sent, ['{"type":"resize","cols":120,"rows":24}'])
  last().loses()
  clock.advance(300)
  last().says({ type: 'session', id: 'a', replayed: 0 })
  t.deepEqual(last().sent, [])
})

test('it tries for two minutes while the server is away or its node cannot be reached', (t) => {
  const { clock, last, state, sockets } = ground()
  last().says({ type: 'session', id: 'a', replayed: 0 })
  last().loses()
  while (state()?.kind === 'rejoining') {
    clock.advance(5000)
    if (state()?.kind !== 'rejoining') break
    if (sockets.length % 2 === 0) last().says({ type: 'error', code: 'NODE_UNREACHABLE', message: 'away' })
    last().loses(sockets.length % 2 === 0 ? 1011 : 1006)
  }
  t.deepEqual(state(), { kind: 'ended', words: 'The connection was lost for too long.' })
  t.true(sockets.length > 20)
})

test('what ends it is said, and nothing is tried again', (t) => {
  const ends: [(socket: Made) => void, string][] = [
    [(socket) => socket.says({ type: 'exit', code: 137 }), 'The program has ended with exit code 137.'],
    [(socket) => socket.says({ type: 'error', message: 'There is no shell' }), 'There is no shell'],
    [(socket) => socket.loses(4401), 'You are no longer signed in, or your role has changed.'],
    [(socket) => socket.loses(4409), 'This terminal was opened in another place.'],
  ]
  for (const [end, words] of ends) {
    const { clock, last, state, sockets } = ground()
    last().says({ type: 'session', id: 'a', replayed: 0 })
    end(last())
    last().loses(1000)
    clock.advance(10_000)
    t.deepEqual(state(), { kind: 'ended', words })
    t.is(sockets.length, 1)
  }
  const { last, state } = ground()
  last().loses()
  t.deepEqual(state(), { kind: 'ended', words: 'The terminal could not be opened: the connection to the server failed.' })
})

test('a page that is loaded again joins its terminal, unless that is over', (t) => {
  const there = ground('a')
  t.is(there.last().session, 'a')
  there.last().says({ type: 'session', id: 'a', replayed: 3 })
  there.last().says('oldnew')
  t.deepEqual(there.shown, ['reset', 'again old', 'new'])
  const over = ground('a')
  over.last().says({ type: 'error', code: 'NOT_FOUND', message: 'There is no terminal a' })
  t.deepEqual(over.state(), { kind: 'ended', words: 'There is no terminal a' })
})

test('closing says that it is over', (t) => {
  const { last, connection, state } = ground()
  last().says({ type: 'session', id: 'a', replayed: 0 })
  connection.close()
  t.deepEqual(last().sent, [1000])
  t.is(state()?.kind, 'ended')
})

test('the protocol: URL, sizes of pieces, keys, and messages of a newer server', (t) => {
  const place = { nodeId: 'n', containerId: 'a/b' }
  const url = terminalUrl('https://x:1', place, { size: { cols: 9, rows: 3 }, command: ['ls'], session: 's' })
  t.is(url, 'wss://x:1/api/nodes/n/containers/a%2Fb/terminal?cols=9&rows=3&session=s')
  t.true(
    terminalUrl('http://x', place, { size: { cols: 9, rows: 3 }, command: ['ls', '-l'], session: null }).endsWith('&command=ls&command=-l'),
  )
  t.deepEqual(commandOf(`sh -c 'echo "a b"' --x="1 2"`), ['sh', '-c', 'echo "a b"', '--x=1 2'])
  t.deepEqual(
    piecesOf('é'.repeat(20_000)).map(({ length }) => length),
    [16_384, 16_384, 7232],
  )
  t.deepEqual(['c', 'C', '[', 'ab', '1'].map(withCtrl), ['\u0003', '\u0003', '\u001b', 'ab', '1'])
  t.is(inMode('\u001b[A', true), '\u001bOA')
  t.is(readNews('{"type":"later"}'), null)
})
