import test from 'ava'
import { pino } from 'pino'
import { bounds } from '../../api/bounds.ts'
import type { Caller } from '../../api/auth/caller.ts'
import { createOpenTerminals } from '../../api/cluster/open-terminals.ts'
import { createFrameReader, writeFrame } from '../../api/cluster/calls/terminal-frames.ts'
import { createTerminalPace } from '../../api/cluster/limits/terminal-pace.ts'
import type { NodeTerminals } from '../../api/terminals/own-terminals.ts'
import type { TerminalMessage } from '../../api/terminals/terminal-message.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { until } from '../helpers/until.ts'

const caller: Caller = {
  ...{ name: 'octocat', via: 'token', role: 'operator', userId: 'u', nodeLimit: null },
  ...{ credentialId: 'k', expiresAt: null, address: '' },
}
const input = { container: 'web', cols: 80, rows: 24, command: [], isAdministrator: false }

function ground() {
  const clock = createManualClock()
  const ended: string[] = []
  let made = 0
  async function* messages(): AsyncGenerator<TerminalMessage> {
    yield { type: 'session', id: 'x', replayed: 0 }
    yield { type: 'exit', code: 0 }
  }
  const node: NodeTerminals = {
    open: async () => ({ id: `s${made++}`, container: 'web' }),
    attach: async () => messages(),
    write: async () => undefined,
    resize: async () => undefined,
    end: async ({ id }, reason) => void ended.push(`${id}: ${reason}`),
  }
  const terminals = createOpenTerminals({ terminalsOf: () => node, clock, log: pino({ level: 'silent' }) })
  const named = (key: string) => ({ nodeId: 'n', caller, key, owner: key })
  return { clock, ended, terminals, named, node }
}

test('one person opens so many, all of them together so many', async (t) => {
  const { terminals, named } = ground()
  const { ofCaller, all } = bounds.terminals.sessions
  for (let count = 0; count < ofCaller; count++) await terminals.open(named('a'), input)
  await t.throwsAsync(terminals.open(named('a'), input), {
    code: 'RATE_LIMITED',
    message: `You have ${ofCaller} terminals open. Close one first`,
  })
  for (let person = 1; person < all / ofCaller; person++)
    for (let count = 0; count < ofCaller; count++) await terminals.open(named(`p${person}`), input)
  await t.throwsAsync(terminals.open(named('z'), input), {
    code: 'RATE_LIMITED',
    message: `${all} terminals are open on this server. Close one first`,
  })
})

test('one that nobody looks at is ended here too, if its node does not say that it was', async (t) => {
  const { clock, ended, terminals, named } = ground()
  const { held } = await terminals.open(named('a'), input)
  clock.advance(124_000)
  t.deepEqual(ended, [])
  clock.advance(2000)
  t.is(await held.over, 'The connection was lost')
  await until(() => ended.length === 1)
  t.is(terminals.find(named('a'), held.id), undefined)
})

test('one is known only to its owner and on its node, until its program ends', async (t) => {
  const { terminals, named } = ground()
  const { held } = await terminals.open(named('a'), input)
  t.is(terminals.find(named('a'), held.id), held)
  t.is(terminals.find(named('b'), held.id), undefined)
  t.is(terminals.find({ ...named('a'), nodeId: 'm' }, held.id), undefined)
  t.throws(() => terminals.adopt(named('b'), held.id), { code: 'NOT_FOUND' })
  t.is(terminals.find(named('a'), held.id), held)
  const { messages } = await held.attach('web')
  for await (const message of messages) t.truthy(message)
  t.is(await held.over, 'the program ended with code 0')
  t.is(terminals.find(named('a'), held.id), undefined)
})

test('whoever is replaced knows it, also if the node ends the older stream first; a join that fails replaces nobody', async (t) => {
  const { terminals, named, node } = ground()
  const { held } = await terminals.open(named('a'), input)
  const older = await held.attach('web')
  const answer = Promise.withResolvers<AsyncGenerator<TerminalMessage>>()
  node.attach = () => answer.promise
  const joining = held.attach('web')
  t.true(older.isReplaced())
  answer.reject(new Error('no such container'))
  await t.throwsAsync(joining)
  t.false(older.isReplaced())
})

test('messages arrive whole, in pieces of any size, and one that is too long is refused', (t) => {
  const sent: TerminalMessage[] = [
    { type: 'session', id: 'a', replayed: 3 },
    { type: 'output', bytes: Buffer.from([0, 255, 10, 13, 27]) },
    { type: 'exit', code: null },
    { type: 'error', message: 'grüße' },
  ]
  const bytes = Buffer.concat(sent.map(writeFrame))
  for (const step of [1, 2, 7, bytes.length]) {
    const read = createFrameReader()
    const got: TerminalMessage[] = []
    for (let at = 0; at < bytes.length; at += step) got.push(...read(bytes.subarray(at, at + step)))
    t.deepEqual(
      got.map((each) => (each.type === 'output' ? { ...each, bytes: Buffer.from(each.bytes) } : each)),
      sent,
    )
  }
  t.throws(() => createFrameReader()(Buffer.from([0, 255, 255, 255, 255])), { instanceOf: SyntaxError })
})

test('a terminal that floods waits for its own limit, and another one does not', async (t) => {
  const clock = createManualClock()
  const paceOfNew = createTerminalPace(clock)
  const [flood, calm] = [paceOfNew(), paceOfNew()]
  let sent = 0
  let isOver = false
  const flooding = (async () => {
    while (!isOver) {
      await flood(16 * 1024)
      sent += 16 * 1024
    }
  })()
  await until(() => clock.waiting() > 0)
  const burst = sent
  t.true(burst <= bounds.terminals.ofSession.burst)
  await calm(1)
  t.is(sent, burst)
  clock.advance(1000)
  await until(() => clock.waiting() > 0 && sent > burst)
  t.true(sent - burst <= bounds.terminals.ofSession.perSecond)
  isOver = true
  while (clock.waiting() > 0) clock.advance(100)
  await flooding
})
