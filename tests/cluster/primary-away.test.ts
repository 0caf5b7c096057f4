import test, { type ExecutionContext } from 'ava'
import {
  allApps,
  change,
  createApp,
  eventually,
  followApps,
  followToEnd,
  register,
  secondaryOf,
  webApp,
  type SeenApp,
} from '../helpers/cluster.ts'
import { ensureTestImage, uniqueName } from '../helpers/docker.ts'
import { freePort } from '../helpers/free-port.ts'
import { ask, follow, type Server } from '../helpers/graphql.ts'
import { callerOf } from '../helpers/http-caller.ts'
import { cookieOf, elsewhere, localUser, signInLocally } from '../helpers/local-user.ts'
import { nodeProcess, type NodeProcess } from '../helpers/node-process.ts'

interface SeenServer {
  name: string
  primary: { url: string; reachable: boolean | null; since: string; error: string | null }
}

type Test = ExecutionContext<unknown>

const serverFields = 'name primary { url reachable since error }'
const followServer = (t: Test, node: Server) => follow<SeenServer>(t, node, `subscription { serverChanged { ${serverFields} } }`)

const restarting = (port: number): string => `${webApp(port)}    restart: unless-stopped\n`
const serves = async (port: number): Promise<boolean> => {
  const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)
  return answer?.ok ?? false
}
const isRunning =
  ({ id }: { id: string }) =>
  (app: SeenApp): boolean =>
    app.id === id && app.status === 'RUNNING'

async function succeeds(t: Test, node: NodeProcess, operation: { id: string }): Promise<void> {
  const { last } = await followToEnd(t, node, operation)
  t.is(last.status, 'SUCCEEDED', last.error ?? '')
  t.true(last.output.length > 0, "Compose's output is there")
}

test('while the primary is away a secondary runs and manages its apps; then the primary catches up', async (t) => {
  t.timeout(180_000)
  await ensureTestImage()
  const primary = await nodeProcess(t, { NODE_NAME: 'primary' })
  const worker = await secondaryOf(t, primary, 'worker')
  await Promise.all([primary.start(), worker.start()])
  const { id: workerId } = await register(primary, worker)
  const server = followServer(t, worker)
  await server.first(({ primary: { reachable } }) => reachable === true)
  const ports = { before: await freePort(), during: await freePort() }
  const before = (await createApp(primary, workerId, { name: uniqueName(), composeContent: restarting(ports.before) })).app
  await followApps(t, primary).first(isRunning(before))

  const killedAt = server.values.length
  await primary.kill()
  const alone = await server.first(({ primary: { reachable } }) => reachable === false, { from: killedAt, withinMs: 10_000 })
  t.is(alone.name, 'worker')
  t.is(alone.primary.url, primary.url)
  t.truthy(alone.primary.error)
  t.true(await serves(ports.before))

  // Its own API: create, stop, start, with progress and output.
  const created = await createApp(worker, workerId, { name: uniqueName(), composeContent: restarting(ports.during) })
  await succeeds(t, worker, created.operation)
  await succeeds(t, worker, await change(worker, 'stopApp', before.id))
  t.false(await serves(ports.before))

  // A restart without the primary: running apps keep running and are known again.
  t.is((await worker.stop()).code, 0)
  t.true(await serves(ports.during), 'containers do not need the node')
  await worker.start()
  const apps = followApps(t, worker)
  await apps.first(isRunning(created.app))
  await apps.first(({ id, status, desiredState }) => id === before.id && status === 'STOPPED' && desiredState === 'STOPPED')
  await succeeds(t, worker, await change(worker, 'startApp', before.id))
  t.true(await serves(ports.before))

  const returned = followServer(t, worker)
  await primary.start()
  const known = followApps(t, primary)
  await Promise.all([known.first(isRunning(before)), known.first(isRunning(created.app))])
  t.is((await allApps(primary)).length, 2)
  await returned.first(({ primary: { reachable, error } }) => reachable === true && error === null)
  await succeeds(t, primary, await change(primary, 'removeApp', created.app.id))
  t.false(await serves(ports.during))
})

test('a local user added while the secondary runs can sign in from elsewhere, and is signed out on removal', async (t) => {
  const worker = await nodeProcess(t, { NODE_NAME: 'worker', NODE_IS_PRIMARY: 'false', PRIMARY_NODE_URL: 'http://127.0.0.1:9' })
  await worker.start()
  const caller = callerOf(worker.url)
  t.is((await signInLocally(caller)).status, 401)
  t.like(await worker.localUser(['list']), { code: 0, stdout: 'There are no local users.\n' })
  t.like(await worker.localUser(['set', 'Alice'], 'too short\n'), {
    code: 1,
    stderr: 'password: must have at least 12 characters, but has 9\n',
  })
  t.like(await worker.localUser(['set', 'Alice'], `${localUser.password}\nnot this line\n`), {
    code: 0,
    stdout: 'alice can now sign in to worker.\n',
  })
  t.regex((await worker.localUser(['list'])).stdout, /^alice {3}password set \d{4}-/)

  const answer = await eventually(
    () => signInLocally(caller),
    ({ status }) => status !== 401,
  )
  t.is(answer.status, 200, answer.text)
  const alice: Server = { url: worker.url, headers: { ...elsewhere, cookie: cookieOf(answer) } }
  t.like(await ask(alice, '{ viewer { name role via } server { name isPrimary } }'), {
    viewer: { name: 'alice', role: 'ADMIN', via: 'session' },
    server: { name: 'worker', isPrimary: false },
  })

  const { audit } = await ask<{ audit: { nodes: { action: string; subject: string; via: string; outcome: string }[] } }>(
    worker,
    '{ audit(first: 20, filter: { action: "local-user" }) { nodes { action subject via outcome } } }',
  )
  t.deepEqual(
    audit.nodes.map(({ action, subject, via, outcome }) => `${action} ${subject} ${via} ${outcome}`),
    ['SUCCEEDED', 'STARTED', 'FAILED', 'STARTED'].map((outcome) => `local-user.set alice command ${outcome}`),
  )

  // Sessions survive a restart because the node keeps their secret.
  await worker.stop()
  await worker.start()
  t.like(await ask(alice, '{ viewer { name } }'), { viewer: { name: 'alice' } })

  t.like(await worker.localUser(['remove', 'alice']), { code: 0 })
  const refused = await eventually(
    () => caller.send('/api/apps', { headers: alice.headers ?? {} }),
    ({ status }) => status !== 200,
  )
  t.is(refused.status, 401)
  t.like(await worker.localUser(['remove', 'alice']), { code: 1, stderr: 'There is no local user named alice\n' })
  t.false(worker.printed.join('\n').includes(localUser.password))
})

test('the command prints its usage and refuses to run on a primary', async (t) => {
  const primary = await nodeProcess(t, { NODE_NAME: 'primary' })
  for (const words of [[], ['set'], ['list', 'alice'], ['set', 'alice', localUser.password], ['drop', 'alice']]) {
    const { code, stderr } = await primary.localUser(words)
    t.is(code, 1)
    t.regex(stderr, /^npm run local-user -- set NAME/)
  }
  const { code, stderr } = await primary.localUser(['set', 'alice'], localUser.password)
  t.is(code, 1)
  t.regex(stderr, /^This is a primary\. .*AUTH_ENABLED=true/)
})
