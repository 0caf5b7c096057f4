import anyTest, { type ExecutionContext, type TestFn } from 'ava'
import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { openTerminal, runningContainer, terminalUrl } from '../helpers/terminal.ts'
import { browserSecretHeader } from '../../api/http/browser-secret.ts'
import { boundSession, peopleSettings, signIn, tokenOf } from '../helpers/people.ts'
import { runningNode, runningSecondary, type RunningNode } from '../helpers/running-node.ts'
import { until } from '../helpers/until.ts'

interface Ground {
  primary: RunningNode
  /** Reached over its link, and over plain HTTP. */
  link: RunningNode
  direct: RunningNode
  container: Awaited<ReturnType<typeof runningContainer>>
}

const test = anyTest as TestFn<Ground>

async function secondary(
  t: Pick<ExecutionContext<unknown>, 'teardown'>,
  primary: RunningNode,
  way: 'link' | 'direct',
): Promise<RunningNode> {
  const settings = way === 'link' ? { NODE_API_ENDPOINT: 'http://127.0.0.1:9' } : {}
  const node = await runningSecondary(t, primary, { NODE_CONNECTION: way, ...settings })
  await primary.services.membership.welcome({ id: node.id, name: way, apiEndpoint: node.services.self.apiEndpoint, apiKey: node.key })
  // It has said what it can do.
  await until(() => primary.services.members.registry.find(node.id)?.about?.capabilities.includes('terminals') === true)
  return node
}

const ends: (() => unknown)[] = []

test.before(async (t) => {
  t.timeout(120_000)
  const context = { teardown: (end: () => unknown) => void ends.unshift(end) }
  const [primary, container] = [await runningNode(context), await runningContainer(context)]
  const [link, direct] = [await secondary(context, primary, 'link'), await secondary(context, primary, 'direct')]
  t.context = { primary, link, direct, container }
})
test.after.always(async () => {
  for (const end of ends) await end()
})

/** Only these lines, oldest first. */
async function lines({ services }: RunningNode, since = 0) {
  const all = await services.access.audit.list({ action: 'terminal' }, { limit: 100 })
  const newer = all.filter(({ id }) => id > since).toReversed()
  return newer.map(({ action, outcome, subject, detail }) => `${action} ${outcome} ${subject ?? ''} ${detail ?? ''}`.trim())
}
const lastLine = async ({ services }: RunningNode): Promise<number> => (await services.access.audit.list({}, { limit: 1 }))[0]?.id ?? 0

for (const way of ['link', 'direct'] as const) {
  test.serial(`${way}: a shell of a remote container takes keys, sizes and its exit code, and both sides write it down`, async (t) => {
    const { primary, container, [way]: node } = t.context
    const since = new Map([
      [primary, await lastLine(primary)],
      [node, await lastLine(node)],
    ])
    const terminal = await openTerminal(primary, node.id, container.id, 'cols=100&rows=30')
    t.regex(await terminal.session(), /^[0-9a-f-]{36}$/)
    const hasSize = (size: string) => `until [ "$(stty size)" = "${size}" ]; do sleep 0.1; done; echo is""${size.replace(' ', 'x')}\r`
    terminal.type(hasSize('30 100'))
    await terminal.shows('is30x100')
    terminal.socket.send('{"type":"resize","cols":50,"rows":10}')
    terminal.type(hasSize('10 50'))
    await terminal.shows('is10x50')
    terminal.type('exit 3\r')
    t.is(await terminal.closed, 1000)
    t.deepEqual(terminal.told.slice(1), [{ type: 'exit', code: 3 }])
    for (const side of [primary, node]) {
      let seen: string[] = []
      while (seen.length < 2) seen = await lines(side, since.get(side))
      t.is(seen.length, 2)
      t.regex(seen[0] ?? '', /^terminal\.open started/)
      t.regex(seen[1] ?? '', /^terminal\.open succeeded .* the program ended with code 3$/)
    }
    t.false(JSON.stringify([primary.log, node.log, await lines(primary), await lines(node)]).includes('is30x100'))
  })
}

test.serial('a terminal survives its socket, only for its own credential, and its program ends with it', async (t) => {
  const { primary, container, link: node } = t.context
  const first = await openTerminal(primary, node.id, container.id)
  const id = await first.session()
  const since = await lastLine(primary)
  first.type('echo be""fore; while true; do sleep 4711; done\r')
  await first.shows('before')
  first.socket.terminate()
  await first.closed

  const other = await tokenOf(primary, null, 'admin')
  await t.throwsAsync(openTerminal(primary, node.id, container.id, `session=${id}`, other), { message: '404' })
  await t.throwsAsync(openTerminal(primary, node.id, 'another', `session=${id}`), { message: '404' })

  const second = await openTerminal(primary, node.id, container.id, `session=${id}`)
  await second.shows('before')
  t.is(second.told[0]?.id, id)
  t.true((second.told[0]?.replayed ?? 0) > 0)
  const third = await openTerminal(primary, node.id, container.id, `session=${id}`)
  t.is(await second.closed, 4409)
  await third.shows('before')

  t.true((await container.processes()).includes('sleep 4711'))
  third.socket.close(1000)
  let left = ['sleep 4711']
  while (left.includes('sleep 4711')) left = await container.processes()
  await t.throwsAsync(openTerminal(primary, node.id, container.id, `session=${id}`), { message: '404' })
  const denied = async () => (await lines(primary, since)).filter((line) => line.startsWith('terminal.join denied'))
  while ((await denied()).length < 3) await nextTurn()
  t.is((await denied()).length, 3)
})

test.serial('a terminal that is joined again has the size of whoever joins it', async (t) => {
  const { primary, container, link: node } = t.context
  const first = await openTerminal(primary, node.id, container.id, 'cols=100&rows=30')
  const id = await first.session()
  first.socket.terminate()
  await first.closed
  const second = await openTerminal(primary, node.id, container.id, `session=${id}&cols=50&rows=10`)
  second.type('until [ "$(stty size)" = "10 50" ]; do sleep 0.1; done; echo re""sized\r')
  await second.shows('resized')
  second.socket.terminate()
  await second.closed
  const third = await openTerminal(primary, node.id, container.id, `session=${id}`)
  third.type('echo si""ze=$(stty size)\r')
  await third.shows('size=10 50')
  t.is(third.told[0]?.id, id)
  third.socket.close(1000)
})

test.serial('a terminal ends with the token that opened it, also while its socket is lost', async (t) => {
  const { primary, container, link: node } = t.context
  const operator = await tokenOf(primary, null, 'operator')
  const lost = await openTerminal(primary, node.id, container.id, 'command=sleep&command=4712', operator)
  await lost.session()
  lost.socket.terminate()
  await lost.closed
  const shown = await openTerminal(primary, node.id, container.id, 'command=sleep&command=4713', operator)
  await shown.session()
  await primary.services.access.tokens.revoke([primary.services.access.machineId()], operator.id)
  t.is(await shown.closed, 4401)
  let left: string[] = ['sleep 4712']
  while (left.some((each) => each.startsWith('sleep 471'))) left = await container.processes()
  t.pass()
})

test.serial('refusals come in order, and are written down', async (t) => {
  const { primary, container, link: node } = t.context
  const viewer = await tokenOf(primary, null, 'viewer')
  const nobody = '00000000-0000-4000-8000-000000000000'
  await t.throwsAsync(openTerminal({ url: primary.url }, nobody, 'none'), { message: '401' })
  await t.throwsAsync(openTerminal(primary, nobody, 'none', '', viewer), { message: '403' })
  await until(() => primary.services.feed.inventory.thing(node.id, 'container', container.id) !== undefined)
  await t.throwsAsync(openTerminal(primary, node.id, container.id, '', viewer), { message: '403' })
  await t.throwsAsync(openTerminal(primary, nobody, container.id), { message: '404' })
  await t.throwsAsync(openTerminal(primary, node.id, 'no-such-container'), { message: '404' })
  await t.throwsAsync(openTerminal(primary, node.id, container.id, 'cols=0'), { message: '400' })
  await t.throwsAsync(openTerminal(primary, node.id, container.id, 'size=3'), { message: '400' })
  await t.throwsAsync(openTerminal(primary, node.id, container.id, '', { origin: 'https://elsewhere.example' }), { message: '403' })
  await t.throwsAsync(openTerminal(primary, node.id, container.id, 'command='), { message: '400' })
  await t.throwsAsync(openTerminal(primary, node.id, container.id, '', {}, []), { message: '400' })
  const missing = await openTerminal(primary, node.id, container.id, 'command=no-such-program')
  await missing.closed
  t.deepEqual(missing.told.slice(1), [{ type: 'error', message: 'There is no no-such-program in this container, or it cannot be run' }])
  t.is(missing.output(), '')
  const seen = await lines(primary)
  t.true(seen.includes('terminal.open denied none This needs a token with the scope operate. This one has read'), seen.join('\n'))
  const { Name } = await container.docker.getContainer(container.id).inspect()
  t.true(
    seen.some((line) => line.startsWith(`terminal.open denied ${Name.slice(1)} This needs`)),
    seen.join('\n'),
  )
  t.true(seen.some((line) => line.startsWith('terminal.open failed') && line.includes('NOT_FOUND')))
})

test.serial('a node can switch terminals off', async (t) => {
  const { container } = t.context
  const node = await runningNode(t, { TERMINALS: 'off' })
  await t.throwsAsync(openTerminal(node, node.id, container.id), { message: '403' })
  t.true((await lines(node)).some((line) => line.includes('FORBIDDEN: Terminals are switched off on this node')))
})

test.serial('a terminal that floods neither delays another nor loses anything for a slow reader', async (t) => {
  const { primary, container, link: node } = t.context
  const flood = await openTerminal(primary, node.id, container.id, 'command=yes')
  await flood.shows('y\r\ny')
  flood.socket.pause()
  const calm = await openTerminal(primary, node.id, container.id)
  await calm.session()
  for (let round = 0; round < 10; round++) {
    calm.type(`echo ro""und-${round}\r`)
    await calm.shows(`round-${round}`)
  }
  t.is(flood.socket.readyState, WebSocket.OPEN)
  flood.socket.resume()
  const before = flood.output().length
  await until(() => flood.output().length > before + 200_000)
  t.regex(flood.output().replaceAll('\r\n', ''), /^y+\r?$/)
})

test.serial('people limited by labels have terminals only where they may, and the dashboard can read why not', async (t) => {
  const { container } = t.context
  const node = await runningNode(t, peopleSettings)
  const admin = await tokenOf(node, null, 'admin')
  const label = (labels: object[]) =>
    node.graphql(
      'mutation ($id: ID!, $input: UpdateNodeInput!) { updateNode(id: $id, input: $input) { id } }',
      { id: node.id, input: { labels } },
      admin,
    )
  const lab = await boundSession(node, await signIn(node, 'lab-operator'))
  await t.throwsAsync(openTerminal(node, node.id, container.id, '', lab), { message: '404' })

  await label([{ key: 'env', value: 'lab' }])
  const terminal = await openTerminal(node, node.id, container.id, '', lab)
  await terminal.session()
  await label([])
  t.is(await terminal.closed, 1000)
  t.deepEqual(terminal.told.slice(1), [{ type: 'error', message: 'You no longer see this node' }])

  const protocols = ['selfhostly.terminal', `selfhostly.browser.${lab[browserSecretHeader]}`]
  const socket = new WebSocket(terminalUrl(node.url, node.id, container.id), protocols, { headers: { cookie: lab.cookie } })
  const [data] = (await once(socket, 'message')) as [Buffer]
  t.like(JSON.parse(data.toString()), { type: 'error', code: 'NOT_FOUND' })
  t.is(socket.protocol, 'selfhostly.terminal')
})

test.serial('a terminal and a log end with the session that opened them, and with the person', async (t) => {
  const { container } = t.context
  const node = await runningNode(t, peopleSettings)
  const operator = await signIn(node, 'operator')
  const open = async () => {
    const credentials = await boundSession(node, operator)
    const terminal = await openTerminal(node, node.id, container.id, 'command=sleep&command=4721', credentials)
    await terminal.session()
    const log = await fetch(`${node.url}/api/nodes/${node.id}/containers/${container.id}/logs?follow=true`, { headers: credentials })
    t.is(log.status, 200)
    return { terminal, log: log.text().catch(() => 'cut') }
  }

  const first = await open()
  await node.services.access.sessions?.revokeAll(operator.id)
  t.is(await first.terminal.closed, 4401)
  t.like(first.terminal.told.at(-1), { type: 'error', message: 'Your session has ended' })
  await first.log

  const second = await open()
  await node.services.access.users.remove(operator.id)
  t.is(await second.terminal.closed, 4401)
  await second.log
  let left = ['sleep 4721']
  while (left.includes('sleep 4721')) left = await container.processes()
  t.pass()
})
