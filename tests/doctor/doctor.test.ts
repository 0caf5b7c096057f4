import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { checkDocker } from '../../api/doctor/docker-check.ts'
import { createDoctor } from '../../api/doctor/doctor.ts'
import type { Finding } from '../../api/doctor/finding.ts'
import { checkFolder, checkSecretFiles } from '../../api/doctor/folders.ts'
import { checkNodes, checkPrimary, type Neighbour } from '../../api/doctor/neighbours.ts'
import { nodesOnDisk } from '../../api/doctor/nodes-on-disk.ts'
import { checkPort } from '../../api/doctor/port.ts'
import { reach, type Reached } from '../../api/doctor/reach.ts'
import { dataFolder } from '../helpers/data-folder.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { freePort } from '../helpers/free-port.ts'
import { runningNode, runningSecondary } from '../helpers/running-node.ts'

type Test = ExecutionContext<unknown>

const now = new Date('2026-03-01T12:00:00Z')
const ago = (seconds: number): Date => new Date(now.getTime() - seconds * 1000)
const short = (found: Finding[]): string[] => found.map(({ state, subject, message }) => `${state} ${subject}: ${message}`)

async function server(t: Test, body: string, headers: Record<string, string> = {}): Promise<string> {
  const http = createServer((_request, response) => response.writeHead(200, headers).end(body)).listen(0, '127.0.0.1')
  await once(http, 'listening')
  t.teardown(() => http.close())
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`
}

/** Answers as fast as it is read, and never ends. */
async function endless(t: Test): Promise<string> {
  const http = createServer((_request, response) => {
    const more = (): void => void (response.write('x'.repeat(65_536)) ? setImmediate(more) : response.once('drain', more))
    response.on('close', () => response.removeAllListeners('drain'))
    more()
  }).listen(0, '127.0.0.1')
  await once(http, 'listening')
  t.teardown(() => http.closeAllConnections())
  t.teardown(() => http.close())
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`
}

test('a node is looked at in both directions', async (t) => {
  const answers: Record<string, Reached> = {
    up: { error: null, tookMs: 3, aheadMs: 0 },
    early: { error: null, tookMs: 3, aheadMs: 61_000 },
    down: { error: 'nothing listens there', tookMs: 3, aheadMs: null },
  }
  const node = (name: string, url: string | null, heardAt: Date | null, program: string | null = 'npm'): Neighbour => ({
    ...{ name, url, heardAt, program, version: '1.2.3' },
  })
  const nodes = [
    ...[node('a', 'up', ago(30)), node('b', null, ago(30)), node('c', 'early', ago(30)), node('d', 'down', ago(30))],
    ...[node('e', 'up', ago(600)), node('f', 'down', ago(600)), node('g', 'down', null, 'selfhostly'), node('h', null, null, null)],
  ]
  const asked: string[] = []
  const found = await checkNodes(nodes, now, (url) => {
    asked.push(url)
    return Promise.resolve(answers[url] as Reached)
  })
  t.deepEqual(short(found), [
    'fine Node a: Both directions work, version 1.2.3',
    'fine Node b: Its link works, version 1.2.3',
    'fine Node c: Both directions work, version 1.2.3',
    'warning Node c, clock: Its clock is 61 s ahead of this one',
    'warning Node d: It calls here, but down does not answer (nothing listens there)',
    'problem Node e: It answers at up, but it last called at 2026-03-01T11:50:00.000Z',
    'problem Node f: down does not answer (nothing listens there), and it last called at 2026-03-01T11:50:00.000Z',
    'problem Node g: down does not answer (nothing listens there), and it has never called here',
    'problem Node h: It has never called here',
  ])
  t.true(
    found.every(({ state, remedy }) => (state === 'fine') === (remedy === null)),
    'whatever is wrong has a remedy',
  )
  t.is(asked.length, 6)
  const remedies = Object.fromEntries(found.map(({ subject, remedy }) => [subject, remedy]))
  t.regex(remedies['Node f'] ?? '', /On it, run: npm run doctor$/)
  t.regex(remedies['Node g'] ?? '', /On it, run: selfhostly doctor$/)
  t.regex(remedies['Node h'] ?? '', /on it, run its doctor command, which/)
})

test('what answers at a URL is told apart, with its clock', async (t) => {
  const health = JSON.stringify({ status: 'healthy', service: 'selfhostly' })
  const late = await server(t, health, { date: new Date(Date.now() - 3_600_000).toUTCString() })
  const reached = await reach(late)
  t.is(reached.error, null)
  t.true(Math.abs((reached.aheadMs ?? 0) + 3_600_000) < 30_000)
  t.regex((await reach(await server(t, '<html>'))).error ?? '', /something else answers/)
  t.regex((await reach(await endless(t))).error ?? '', /something else answers/)
  t.is((await reach(`http://127.0.0.1:${await freePort()}`)).error, 'nothing listens there')
  t.deepEqual(
    (await checkPrimary(late)).map(({ state }) => state),
    ['fine', 'warning'],
  )
})

test('folders that cannot be written to, and secrets that others can read, are named with what to do', async (t) => {
  const folder = dataFolder(t)
  t.is((await checkFolder('Data folder', join(folder, 'not', 'there'), 'DATABASE_PATH'))[0]?.state, 'fine')
  t.false(existsSync(join(folder, 'not')), 'looking makes nothing')
  writeFileSync(join(folder, 'file'), '')
  t.like((await checkFolder('Data folder', join(folder, 'file', 'below'), 'DATABASE_PATH'))[0], { state: 'problem' })
  writeFileSync(join(folder, 'secret.key'), 'x', { mode: 0o600 })
  t.is((await checkSecretFiles(folder))[0]?.state, 'fine')
  chmodSync(join(folder, 'secret.key'), 0o644)
  t.like((await checkSecretFiles(folder))[0], { state: 'problem', remedy: `chmod 600 '${join(folder, 'secret.key')}'` })
})

test('Docker and Compose are each told with the reason', async (t) => {
  const good = { engine: () => Promise.resolve({ version: '28.0' }), compose: () => Promise.resolve('Docker Compose 2.26.1') }
  t.deepEqual(short(await checkDocker(good)), ['fine Docker: The Engine answers, version 28.0', 'fine Compose: Docker Compose 2.26.1'])
  const gone = () => Promise.reject(new Error('Docker does not answer at /x'))
  t.deepEqual(short(await checkDocker({ engine: gone, compose: () => Promise.resolve('docker-compose 1.29.2') })), [
    'problem Docker: Docker does not answer at /x',
    'warning Compose: docker-compose 1.29.2',
  ])
})

test('a port that another program uses is a problem, a free one only means that the server does not run', async (t) => {
  const other = Number(new URL(await server(t, 'else')).port)
  t.deepEqual(short(await checkPort({ host: '127.0.0.1', port: other })), [`problem Server: Another program uses port ${other}`])
  const port = await freePort()
  t.deepEqual(short(await checkPort({ host: '127.0.0.1', port })), [`warning Server: It is not running. Port ${port} is free`])
})

test('all who ask at once get the same answer', async (t) => {
  let looks = 0
  const folder = dataFolder(t)
  mkdirSync(join(folder, 'apps'))
  const doctor = createDoctor({
    ...{ dataDir: folder, appsDir: join(folder, 'apps'), clock: createManualClock(now), primaryUrl: () => null, nodes: () => [] },
    docker: { engine: () => Promise.resolve({ version: '28.0' }), compose: () => Promise.resolve('Docker Compose 2.26.1') },
    more: () => Promise.resolve((looks++, [])),
  })
  t.is(await doctor.look(), await doctor.look())
  t.is(looks, 1)
})

test('a primary says how its nodes are, from its database too, and a secondary how its primary is', async (t) => {
  const primary = await runningNode(t)
  const node = await runningSecondary(t, primary, { NODE_CONNECTION: 'direct' })
  await primary.services.membership.welcome({ id: node.id, name: 'worker', apiEndpoint: node.url, apiKey: node.key })
  await primary.services.members.registry.flush()
  t.like(nodesOnDisk(primary.databasePath), [{ name: 'worker', url: node.url }])
  const ask = '{ doctor { subject state message remedy } }'
  const { data } = await primary.graphql(ask)
  t.deepEqual(
    data.doctor.map(({ subject }: Finding) => subject),
    ['Server', 'Data folder', 'Apps', 'Secret files', 'Docker', 'Compose', 'Node worker'],
  )
  const there = await node.graphql(ask)
  t.regex(there.data.doctor.find(({ subject }: Finding) => subject === 'Primary').message, new RegExp(`^${primary.url} answers within`))
})
