import test, { type ExecutionContext } from 'ava'
import { allApps, change, createApp, followApps, followToEnd, register, secondaryOf, webApp, type SeenApp } from '../helpers/cluster.ts'
import { ensureTestImage, uniqueName } from '../helpers/docker.ts'
import { freePort } from '../helpers/free-port.ts'
import { ask, follow, type Server } from '../helpers/graphql.ts'
import { callerOf } from '../helpers/http-caller.ts'
import { cookieOf, elsewhere, someone, signInByPassword } from '../helpers/password.ts'
import { linksIn, nodeProcess, type NodeProcess } from '../helpers/node-process.ts'

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

test('someone with a password signs in to a secondary while its primary is away, also after a restart', async (t) => {
  const worker = await nodeProcess(t, { NODE_NAME: 'worker', NODE_IS_PRIMARY: 'false', PRIMARY_NODE_URL: 'http://127.0.0.1:9' })
  await worker.start()
  const caller = callerOf(worker.url)
  t.is((await signInByPassword(caller)).status, 401)
  const [link] = linksIn((await worker.command('link')).stdout)
  const byLink = await caller.send('/auth/link', { method: 'POST', json: { code: link?.code } })
  const set = await caller.send('/auth/password', { method: 'PUT', json: someone, headers: { cookie: cookieOf(byLink) } })
  t.is(set.status, 200, set.text)

  const answer = await signInByPassword(caller)
  t.is(answer.status, 200, answer.text)
  const alice: Server = { url: worker.url, headers: { ...elsewhere, cookie: cookieOf(answer) } }
  t.like(await ask(alice, '{ viewer { name role via } server { name isPrimary } }'), {
    viewer: { name: 'alice', role: 'ADMIN', via: 'session' },
    server: { name: 'worker', isPrimary: false },
  })
  const printed = worker.links().length
  await worker.stop()
  await worker.start()
  t.like(await ask(alice, '{ viewer { name } }'), { viewer: { name: 'alice' } })
  t.is(worker.links().length, printed, 'no link is printed once an administrator can sign in')
  t.false(worker.printed.join('\n').includes(someone.password))
})
