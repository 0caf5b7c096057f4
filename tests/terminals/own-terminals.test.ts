import { PassThrough } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { pino } from 'pino'
import { bounds } from '../../api/bounds.ts'
import type { EngineTerminals, TerminalContainer, TerminalProgram } from '../../api/docker/engine.types.ts'
import { createOwnTerminals } from '../../api/terminals/own-terminals.ts'
import type { TerminalMessage } from '../../api/terminals/terminal-message.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { until } from '../helpers/until.ts'

const container: TerminalContainer = {
  id: 'c'.repeat(64),
  name: 'shop-web-1',
  isRunning: true,
  isPaused: false,
  project: 'shop',
  workingDir: '/x',
  service: 'web',
  rights: {
    ...{ isPrivileged: false, capabilities: [], devices: [], deviceRules: [], deviceRequests: [], securityOptions: [], mounts: [] },
    namespaces: { pid: '', ipc: '', uts: '', userns: '', network: '' },
  },
}
const notThere = 'OCI runtime exec failed: executable file not found in $PATH\r\n'

interface Run {
  command: string[]
  stream: PassThrough
  hungUp: boolean
  end(code: number): void
}

/** Terminals whose programs are streams that the test writes. @param there which programs the image has */
function ground(
  given: {
    there?: string[]
    rules?: string[]
    own?: string | null
    isOn?: boolean
    isRunning?: boolean
    isPaused?: boolean
    beyond?: string[]
    starting?: (command: string[]) => Promise<void>
    fate?: 'stopped' | 'removed'
    cleaning?: Promise<number>
  } = {},
) {
  const clock = createManualClock()
  const runs: Run[] = []
  const engine: EngineTerminals = {
    find: async (name) =>
      [container.id, container.name].includes(name)
        ? { ...container, isRunning: given.isRunning ?? true, isPaused: given.isPaused ?? false }
        : null,
    endMarked: () => given.cleaning ?? Promise.resolve(0),
    async run(_id, { command }): Promise<TerminalProgram> {
      await given.starting?.(command)
      const stream = new PassThrough()
      // What is typed does not come back.
      const typed = Object.assign(stream, { write: stream.write.bind(stream) })
      let code = 0
      const run: Run = {
        ...{ command, stream: typed, hungUp: false },
        end(with_) {
          code = with_
          stream.end()
        },
      }
      runs.push(run)
      const isMissing = !(given.there ?? ['sh']).includes(command[0] ?? '')
      if (isMissing) stream.end(notThere)
      return {
        stream: typed,
        resize: async () => undefined,
        exit: async () => ({ code: isMissing ? 126 : code, isMissing, fate: given.fate ?? null }),
        async hangUp() {
          run.hungUp = true
          stream.destroy()
        },
      }
    },
  }
  const terminals = createOwnTerminals({
    ...{ engine, clock, log: pino({ level: 'silent' }), isOn: given.isOn ?? true, mark: 'node' },
    ownContainer: async () => given.own ?? null,
    allowedRulesOf: () => given.rules ?? [],
    beyondPolicy: async () => given.beyond ?? [],
    paceOfNew: () => async () => undefined,
  })
  return { clock, runs, terminals }
}

const asked = { container: container.name, cols: 80, rows: 24, command: [], owner: 'me', isAdministrator: false }
const signal = new AbortController().signal

async function textOf(messages: AsyncGenerator<TerminalMessage>, bytes: number): Promise<string> {
  let text = ''
  while (text.length < bytes) {
    const { value, done } = await messages.next()
    if (done) break
    if (value.type === 'output') text += Buffer.from(value.bytes).toString()
  }
  return text
}

async function opened(t: ExecutionContext, { terminals, runs }: ReturnType<typeof ground>) {
  const { id, over } = await terminals.open(asked)
  await until(() => runs.at(-1)?.command[0] === 'sh')
  const run = runs.at(-1)
  if (!run) return t.fail()
  return { id, over, run, session: { id, owner: 'me', container: container.name } }
}

test('the first shell that is there is taken, and what Docker said about the others is not shown', async (t) => {
  const here = ground({ there: ['sh'] })
  const { run, session } = await opened(t, here)
  t.deepEqual(
    here.runs.map(({ command }) => command),
    [['bash'], ['ash'], ['sh']],
  )
  const messages = await here.terminals.attach(session, signal)
  t.deepEqual((await messages.next()).value, { type: 'session', id: session.id, replayed: 0 })
  run.stream.write('# ')
  t.is(await textOf(messages, 2), '# ')
  run.end(7)
  t.deepEqual((await messages.next()).value, { type: 'exit', code: 7 })
  t.true((await messages.next()).done)
})

test('what is typed while a slow Engine tries shells reaches the one that is there', async (t) => {
  const slow = Promise.withResolvers<void>()
  let isStarting = false
  const here = ground({
    there: ['sh'],
    async starting([name]) {
      if (name !== 'ash') return
      isStarting = true
      await slow.promise
    },
  })
  const { id } = await here.terminals.open(asked)
  await until(() => isStarting)
  const isWritten = here.terminals.write({ id, owner: 'me' }, Buffer.from('typed'))
  here.clock.advance(5000)
  await nextTurn()
  slow.resolve()
  await until(() => here.runs.at(-1)?.command[0] === 'sh' && here.clock.waits().includes(1500))
  here.clock.advance(2000)
  await isWritten
  const messages = await here.terminals.attach({ id, owner: 'me', container: container.name }, signal)
  t.is(await textOf(messages, 5), 'typed')
})

test('without any shell, or with a program that is not there, the terminal says so', async (t) => {
  for (const [command, words] of [
    [[], 'There is no shell in this container, or it cannot be run'],
    [['nope', 'a secret'], 'There is no nope in this container, or it cannot be run'],
  ] as const) {
    const { terminals } = ground({ there: [] })
    const { id } = await terminals.open({ ...asked, command: [...command] })
    const messages = await terminals.attach({ id, owner: 'me', container: container.name }, signal)
    await messages.next()
    t.deepEqual((await messages.next()).value, { type: 'error', message: words })
  }
})

test('a terminal that nobody looks at ends after two minutes, with its program, and not before', async (t) => {
  const here = ground()
  const { run, session, over } = await opened(t, here)
  run.stream.write('before')
  const leaving = [new AbortController(), new AbortController()] as const
  const first = await here.terminals.attach(session, leaving[0].signal)
  t.is(await textOf(first, 6), 'before')
  here.clock.advance(10 * 60_000)
  t.false(run.hungUp)
  // While it waits for the next word.
  const waits = first.next()
  leaving[0].abort()
  t.true((await waits).done)
  here.clock.advance(119_000)
  t.false(run.hungUp)
  const second = await here.terminals.attach(session, leaving[1].signal)
  t.is(await textOf(second, 6), 'before')
  here.clock.advance(119_000)
  leaving[1].abort()
  here.clock.advance(121_000)
  t.is(await over, 'The connection was lost for more than 2 minutes')
  await until(() => run.hungUp)
})

test('a forgotten terminal ends after an hour without a key or a word', async (t) => {
  const here = ground()
  const { run, session, over } = await opened(t, here)
  const messages = await here.terminals.attach(session, signal)
  await messages.next()
  here.clock.advance(50 * 60_000)
  run.stream.write('still here')
  await textOf(messages, 10)
  here.clock.advance(50 * 60_000)
  t.false(run.hungUp)
  here.clock.advance(11 * 60_000)
  t.is(await over, 'Nothing happened in this terminal for an hour')
})

test('whoever joins again gets the last 256 KiB, and the older reader stops', async (t) => {
  const here = ground()
  const { run, session } = await opened(t, here)
  const most = bounds.terminals.history
  const written = Array.from({ length: 40_000 }, (_, i) => `line ${i}\n`).join('')
  run.stream.write(written)
  const first = await here.terminals.attach(session, signal)
  await textOf(first, written.length)
  const second = await here.terminals.attach(session, signal)
  t.deepEqual((await second.next()).value, { type: 'session', id: session.id, replayed: most })
  t.is(await textOf(second, most), written.slice(-most))
  t.true((await first.next()).done)
})

test('a terminal that was closed is not there any more, and one that ended by itself says how for a while', async (t) => {
  const here = ground()
  const closed = await opened(t, here)
  await here.terminals.end(closed.session, 'It was closed')
  t.true(closed.run.hungUp)
  await t.throwsAsync(here.terminals.attach(closed.session, signal), { code: 'NOT_FOUND' })
  const ended = await opened(t, here)
  ended.run.stream.write('last words')
  ended.run.end(1)
  await ended.over
  const messages = await here.terminals.attach(ended.session, signal)
  t.is(await textOf(messages, 10), 'last words')
  t.deepEqual((await messages.next()).value, { type: 'exit', code: 1 })
  here.clock.advance(121_000)
  await t.throwsAsync(here.terminals.attach(ended.session, signal), { code: 'NOT_FOUND' })
})

test('a terminal whose container was stopped or removed says so', async (t) => {
  for (const fate of ['stopped', 'removed'] as const) {
    const here = ground({ fate })
    const { run, over } = await opened(t, here)
    run.end(137)
    t.is(await over, `The container was ${fate}, which ended this terminal`)
  }
})

test('another owner, container or id has no such terminal', async (t) => {
  const here = ground()
  const { session } = await opened(t, here)
  for (const wrong of [{ owner: 'you' }, { container: 'shop-db-1' }, { id: 'another' }])
    await t.throwsAsync(here.terminals.attach({ ...session, ...wrong }, signal), { code: 'NOT_FOUND' })
  await t.throwsAsync(here.terminals.write({ id: session.id, owner: 'you' }, Buffer.from('x')), { code: 'NOT_FOUND' })
  await t.throwsAsync(here.terminals.end({ id: session.id, owner: 'you' }, 'x'), { code: 'NOT_FOUND' })
})

test('a reader that reads nothing stops the program, not the memory', async (t) => {
  const here = ground()
  const { run, session } = await opened(t, here)
  const messages = await here.terminals.attach(session, signal)
  await messages.next()
  const chunk = Buffer.alloc(16 * 1024, 'y')
  let written = 0
  let isTaken = true
  const drained = (): void => void (isTaken = true)
  run.stream.on('drain', drained)
  // The program writes whenever it can, far longer than what may wait takes.
  for (let turn = 0; turn < 2000; turn += 1) {
    if (isTaken) {
      isTaken = run.stream.write(chunk)
      written += chunk.length
    }
    await nextTurn()
  }
  t.true(written < 512 * 1024, `${written} bytes were taken`)
  run.stream.off('drain', drained)
  // It goes on where it stopped, and nothing is missing.
  t.is((await textOf(messages, written)).length, written)
})

test('only administrators open one in Selfhostly itself, in what runs by an allowance, or where one reaches the host', async (t) => {
  for (const given of [
    { own: container.id.slice(0, 12) },
    { own: container.id },
    { rules: ['privileged'] },
    { beyond: ['docker-socket /run/docker.sock'] },
  ]) {
    const { terminals } = ground(given)
    await t.throwsAsync(terminals.open(asked), { code: 'FORBIDDEN', message: /Only an administrator/ })
    await t.notThrowsAsync(terminals.open({ ...asked, isAdministrator: true }))
  }
})

test('a container that does not run, or is not there, and a node without terminals refuse', async (t) => {
  await t.throwsAsync(ground().terminals.open({ ...asked, container: 'another' }), { code: 'NOT_FOUND' })
  await t.throwsAsync(ground().terminals.open({ ...asked, container: `x?${container.name}` }), { code: 'NOT_FOUND' })
  await t.throwsAsync(ground({ isRunning: false }).terminals.open(asked), {
    code: 'CONFLICT',
    message: 'shop-web-1 does not run. Start it first',
  })
  await t.throwsAsync(ground({ isPaused: true }).terminals.open(asked), {
    code: 'CONFLICT',
    message: 'shop-web-1 is paused. Unpause it first',
  })
  await t.throwsAsync(ground({ isOn: false }).terminals.open(asked), { code: 'FORBIDDEN', message: /TERMINALS=off/ })
})

test('a node has so many terminals and no more, and ends them all when it stops', async (t) => {
  const here = ground()
  for (let count = 0; count < bounds.terminals.sessions.ofNode; count++) await here.terminals.open(asked)
  await t.throwsAsync(here.terminals.open(asked), { code: 'RATE_LIMITED' })
  await until(() => here.runs.filter(({ command }) => command[0] === 'sh').length === bounds.terminals.sessions.ofNode)
  await here.terminals.stop()
  t.true(here.runs.filter(({ command }) => command[0] === 'sh').every(({ hungUp }) => hungUp))
  await t.throwsAsync(here.terminals.open(asked), { code: 'SHUTTING_DOWN' })
})

test('nothing starts before the programs of an earlier run are ended, so that a new one is never taken for an old one', async (t) => {
  let cleaned: (count: number) => void = () => undefined
  const { terminals, runs } = ground({ cleaning: new Promise((resolve) => (cleaned = resolve)) })
  terminals.start()
  const opening = terminals.open(asked)
  await nextTurn()
  t.is(runs.length, 0)
  cleaned(1)
  t.is((await opening).container, 'shop-web-1')
})
