import { setImmediate as nextTurn } from 'node:timers/promises'
import test from 'ava'
import { pino } from 'pino'
import { bounds } from '../../api/bounds.ts'
import type { Caller } from '../../api/auth/caller.ts'
import { createOpenTerminals } from '../../api/cluster/open-terminals.ts'
import { createFrameReader, writeFrame } from '../../api/cluster/calls/terminal-frames.ts'
import { createTerminalPace } from '../../api/cluster/limits/terminal-pace.ts'
import type { NodeAbout } from '../../api/cluster/members/node-about.ts'
import type { ClusterNode } from '../../api/cluster/members/node-registry.ts'
import type { NodeHealth, NodeStatus } from '../../api/cluster/members/node-status.ts'
import { AppError } from '../../api/errors.ts'
import { createEventHub } from '../../api/events.ts'
import type { ViewEvents } from '../../api/view-events.ts'
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
  const about = { instanceId: 'first' } as NodeAbout
  let isOnline = true
  /** Refuses at once for a node that is away. */
  function terminalsOf(): NodeTerminals {
    if (!isOnline) throw new AppError('NODE_UNREACHABLE', 'worker is offline')
    return node
  }
  const events = createEventHub<ViewEvents>()
  const terminals = createOpenTerminals({
    ...{ terminalsOf, clock, events, log: pino({ level: 'silent' }) },
    findNode: () => ({ name: 'worker', about: { ...about } }),
  })
  const tell = (status: NodeStatus): void =>
    events.emit('node', { id: 'n', about: { ...about }, health: { status } as NodeHealth } as ClusterNode)
  /** Its terminals are gone. The primary hears of the new program before it has a connection to it. */
  async function restartNode(): Promise<void> {
    isOnline = false
    about.instanceId = 'second'
    tell('offline')
    tell('online')
    await nextTurn()
    isOnline = true
    tell('online')
  }
  const named = (key: string) => ({ nodeId: 'n', caller, key, owner: key })
  return { clock, ended, terminals, named, node, restartNode }
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

const restarted = 'worker was started again, which ended this terminal'
const gone = async (): Promise<never> => {
  throw new AppError('NOT_FOUND', 'There is no terminal with id s0')
}

test('a node that was started again has none any more: their places are free, and whoever joins hears why', async (t) => {
  const { terminals, named, node, restartNode, clock } = ground()
  const { ofCaller } = bounds.terminals.sessions
  const held = []
  for (let count = 0; count < ofCaller; count++) held.push((await terminals.open(named('a'), input)).held)
  node.write = async ({ id }) => (id === 's1' ? undefined : gone())
  await restartNode()
  t.is(await held[0]?.over, restarted)
  await until(() => terminals.find(named('a'), 's2') === undefined)
  t.is(terminals.find(named('a'), 's1'), held[1], 'one that was opened since')
  await t.notThrowsAsync(terminals.open(named('a'), input))
  t.is(terminals.endingOf(named('a'), 's0'), restarted)
  t.is(terminals.endingOf(named('b'), 's0'), undefined)
  clock.advance(11 * 60_000)
  t.is(terminals.endingOf(named('a'), 's0'), undefined)
})

test('one that its node does not have any more is over when someone joins it, and not when they name another container', async (t) => {
  const { terminals, named, node } = ground()
  const { held } = await terminals.open(named('a'), input)
  node.attach = gone
  await t.throwsAsync(held.attach('db'), { message: 'There is no terminal with id s0' })
  t.is(terminals.find(named('a'), held.id), held)
  await t.throwsAsync(held.attach('web'), { code: 'NOT_FOUND', message: restarted })
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

test('small pieces of output cost what they are, a little apart, and the first one after a pause goes at once', async (t) => {
  const clock = createManualClock()
  const pace = createTerminalPace(clock)()
  await pace(100)
  let isSent = false
  const second = pace(100).then(() => (isSent = true))
  await until(() => clock.waiting() === 1)
  t.deepEqual([clock.waits()[0] ?? 0, isSent], [4, false])
  clock.advance(4)
  await second
  for (let count = 0; count < 500; count++) {
    clock.advance(4)
    await pace(1024)
  }
  t.is(clock.waiting(), 0)
})
