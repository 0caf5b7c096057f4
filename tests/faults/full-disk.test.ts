import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createApp, eventually, register, secondaryOf } from '../helpers/cluster.ts'
import { uniqueName } from '../helpers/docker.ts'
import { ask, follow, GraphqlFailure, type LiveValues } from '../helpers/graphql.ts'
import { nodeProcess, type NodeProcess } from '../helpers/node-process.ts'
import { smallDisk } from '../helpers/small-disk.ts'

interface ServerState {
  storageProblem: { reason: string; since: string } | null
}

const onDisk = (folder: string) => ({ DATABASE_PATH: join(folder, 'data/selfhostly.db'), APPS_DIR: join(folder, 'apps') })

const createToken = (node: NodeProcess, name: string) =>
  ask(node, 'mutation ($name: String!) { createJoinToken(input: { name: $name }) { token { id } } }', { name })

const ready = async ({ url }: NodeProcess): Promise<{ status: number; body: unknown }> => {
  const response = await fetch(`${url}/api/ready`)
  return { status: response.status, body: await response.json() }
}

test('on a full disk, writes fail with a clear reason and reads are answered; with space again everything works', async (t) => {
  t.timeout(120_000)
  const disk = smallDisk(t)
  const node = await nodeProcess(t, onDisk(disk.folder))
  await node.start()
  const { id } = await node.identity()
  const server = follow<ServerState>(t, node, 'subscription { serverChanged { storageProblem { reason since } } }')
  await server.first(({ storageProblem }) => storageProblem === null)
  t.deepEqual(await ready(node), { status: 200, body: { ready: true } })
  await createToken(node, 'before')

  disk.fill(node.pid())
  await isSaid(t, node, server)
  await failsInWords(t, node, id)

  disk.free(node.pid())
  await eventually(
    () => ready(node),
    ({ status }) => status === 200,
  )
  await server.first(({ storageProblem }) => storageProblem === null, { from: server.values.length - 1 })
  await createToken(node, 'after')
  const { joinTokens } = await ask<{ joinTokens: { name: string }[] }>(node, '{ joinTokens { name } }')
  t.deepEqual(joinTokens.map(({ name }) => name).toSorted(), ['after', 'before'])

  const told = node.log.values.filter(({ level }) => level === 'error')
  t.is(told.filter(({ msg }) => msg === 'nothing can be saved').length, 1)
  t.true(told.length < 12, `logged, but not every second: ${told.map(({ msg }) => msg).join(', ')}`)
})

/** Even before the first write, the node checks the space on the disk and reports the problem. */
async function isSaid(t: ExecutionContext, node: NodeProcess, server: LiveValues<ServerState>): Promise<void> {
  await createToken(node, 'x'.repeat(90)).catch(() => undefined)
  const { storageProblem } = await server.first(({ storageProblem }) => storageProblem !== null)
  t.regex(storageProblem?.reason ?? '', /This node's disk/)
  const { status, body } = await ready(node)
  t.is(status, 503)
  t.like(body, { ready: false })
  t.regex((body as { reason: string }).reason, /disk/)
  t.is((await fetch(`${node.url}/api/health`)).status, 200)
}

async function failsInWords(t: ExecutionContext, node: NodeProcess, id: string): Promise<void> {
  for (const attempt of [1, 2, 3]) {
    const began = performance.now()
    const refusal = await t.throwsAsync(createToken(node, `in vain ${attempt}`), { instanceOf: GraphqlFailure })
    t.regex(refusal.code ?? '', /^STORAGE_/)
    t.regex(refusal.message, /disk/)
    t.true(performance.now() - began < 8000)
  }
  const input = { name: uniqueName(), composeContent: 'services: {}\n'.replace('{}', '\n  web: { image: busybox }') }
  const refusal = await t.throwsAsync(
    ask(node, 'mutation ($id: ID!, $input: CreateAppInput!) { createApp(nodeId: $id, input: $input) { app { id } } }', { id, input }),
    { instanceOf: GraphqlFailure },
  )
  t.regex(refusal.code ?? '', /^STORAGE_/)
  const rest = await fetch(`${node.url}/api/settings`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', ...node.headers },
    body: JSON.stringify({ cloudflare_account_id: 'account' }),
  })
  t.regex(String(rest.status), /^50[37]$/)
  t.regex(((await rest.json()) as { code: string }).code, /^STORAGE_/)
  t.like(
    await ask(
      node,
      '{ nodes { edges { node { id } } } joinTokens { name } settings { cloudflareAccountId } apps { edges { node { id } } } }',
    ),
    {
      nodes: { edges: [{ node: { id } }] },
      joinTokens: [{ name: 'before' }],
      settings: { cloudflareAccountId: null },
      apps: { edges: [] },
    },
  )
}

test('a primary shows that the disk of a secondary is full, until there is room', async (t) => {
  t.timeout(120_000)
  const disk = smallDisk(t)
  const primary = await nodeProcess(t, { NODE_NAME: 'primary' })
  const worker = await secondaryOf(t, primary, 'worker', onDisk(disk.folder))
  await Promise.all([primary.start(), worker.start()])
  const { id } = await register(primary, worker)
  const nodes = follow<{ id: string; conditions: { type: string; message: string }[] }>(
    t,
    primary,
    'subscription { nodeStatusChanged { id conditions { type message } } }',
  )
  const cannotSave = (node: { id: string; conditions: { type: string }[] }) =>
    node.id === id && node.conditions.some(({ type }) => type === 'CANNOT_SAVE')
  disk.fill(worker.pid())
  // Where a limit on the size of files stands in for the disk, only a write finds out.
  await t.throwsAsync(createApp(primary, id, { name: uniqueName(), composeContent: 'services: { web: { image: busybox } }' }))
  const { conditions } = await nodes.first(cannotSave, { withinMs: 60_000 })
  t.regex(conditions.find(({ type }) => type === 'CANNOT_SAVE')?.message ?? '', /disk/)
  const from = nodes.values.length
  disk.free(worker.pid())
  await nodes.first((node) => node.id === id && !cannotSave(node), { from, withinMs: 60_000 })
})

test('a start on a full disk fails with one sentence, both the first start and a later one', async (t) => {
  t.timeout(120_000)
  const disk = smallDisk(t)
  const place = {
    command: disk.fullFromTheStart,
    listenHost: '127.0.0.1',
    doorTo: (port: number) => Promise.resolve(`http://127.0.0.1:${port}`),
  }
  const full = await nodeProcess(t, onDisk(disk.folder), place)
  disk.fill(0)
  const says = async (): Promise<void> => {
    const { code, output } = await full.startInVain()
    t.is(code, 1)
    t.regex(output, /disk|ENOSPC|too large/i)
    t.notRegex(output, /^\s+at /m, 'no stack trace')
    t.is(
      output
        .trim()
        .split('\n')
        .filter((line) => !line.startsWith('{')).length,
      1,
      output,
    )
  }
  await says()
  disk.free(0)
  const node = await nodeProcess(t, onDisk(disk.folder))
  await node.start()
  t.is((await node.stop()).code, 0)
  disk.fill(0)
  await says()
  disk.free(0)
  await node.start()
})
