import { readFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import test, { type ExecutionContext } from 'ava'
import { eventually, secondaryOf, type SeenNode } from '../helpers/cluster.ts'
import { ask, GraphqlFailure } from '../helpers/graphql.ts'
import { nodeProcess, type NodeProcess } from '../helpers/node-process.ts'
import { nodeHeaders } from '../helpers/running-node.ts'

interface KeyedNode extends SeenNode {
  keyChangedAt: string
}

/**
 * A proxy between a primary and its node. `lose` drops the next call that brings a key before the node gets it, or drops its
 * answer. `then` runs at that moment.
 */
async function keyCourier(t: ExecutionContext<unknown>, node: NodeProcess) {
  let plan: { lose: 'call' | 'answer'; then: () => Promise<unknown> } | null = null
  async function forward(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const planned = incoming.url === '/api/internal/key' ? plan : null
    if (planned) plan = null
    if (planned?.lose === 'call') {
      await planned.then()
      return void response.destroy()
    }
    const { method = 'GET', url = '', headers } = incoming
    const onward = httpRequest(node.url + url, { method, headers, agent: false })
    response.once('close', () => onward.destroy())
    incoming.pipe(onward)
    const [answer] = (await once(onward, 'response')) as [IncomingMessage]
    if (planned) {
      await planned.then()
      return void response.destroy()
    }
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    await pipeline(answer, response)
  }
  const server = createServer((incoming, response) => void forward(incoming, response).catch(() => response.destroy()))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Resolves when the call or answer is lost. */
    lose: (lose: 'call' | 'answer', run: () => Promise<unknown> = () => Promise.resolve()) =>
      new Promise<void>((resolve) => {
        plan = {
          lose,
          async then() {
            await run()
            resolve()
          },
        }
      }),
  }
}

const keysOf = (node: NodeProcess) =>
  JSON.parse(readFileSync(join(node.dataDir, 'identity.json'), 'utf8')) as { id: string; apiKey: string; formerKey?: string }

const seen = async (primary: NodeProcess, id: string): Promise<KeyedNode> =>
  (
    await ask<{ node: KeyedNode }>(
      primary,
      'query ($id: ID!) { node(id: $id) { id name status statusReason consecutiveFailures keyChangedAt } }',
      {
        id,
      },
    )
  ).node

/** The node can finish a change before the primary does. Until both have, the primary refuses another one. */
async function rotate(primary: NodeProcess, id: string): Promise<void> {
  const unlessUnderWay = (error: unknown): false => {
    if (error instanceof GraphqlFailure && error.code === 'CONFLICT') return false
    throw error
  }
  await eventually(
    () => ask(primary, 'mutation ($id: ID!) { rotateNodeKey(id: $id) { id } }', { id }).then(() => true, unlessUnderWay),
    (done) => done,
  )
}

async function heartbeat(primary: NodeProcess, id: string, key: string): Promise<number> {
  const headers = nodeHeaders({ id, key })
  return (await fetch(`${primary.url}/api/internal/nodes/${id}/heartbeat`, { method: 'POST', headers })).status
}

async function cluster(t: ExecutionContext<unknown>) {
  const primary = await nodeProcess(t, { NODE_NAME: 'primary' })
  const node = await secondaryOf(t, primary, 'worker', { NODE_CONNECTION: 'direct' })
  await Promise.all([primary.start(), node.start()])
  const courier = await keyCourier(t, node)
  const { id, apiKey } = keysOf(node)
  const input = { id, name: 'worker', apiEndpoint: courier.url, apiKey }
  await ask(primary, 'mutation ($input: RegisterNodeInput!) { registerNode(input: $input) { id } }', { input })
  await eventually(
    () => ask<{ node: { capabilities: string[] } }>(primary, 'query ($id: ID!) { node(id: $id) { capabilities } }', { id }),
    (answer) => answer.node.capabilities.includes('key-rotation'),
  )
  return { primary, node, courier, id }
}

interface Before {
  keyChangedAt: string
  apiKey: string
}

/** Checks that both share one new key and that the node is online with it. */
async function isWell(
  t: ExecutionContext<unknown>,
  { primary, node, id }: Awaited<ReturnType<typeof cluster>>,
  before: Before,
): Promise<void> {
  const after = await eventually(
    () => seen(primary, id),
    ({ status, keyChangedAt }) => status === 'ONLINE' && keyChangedAt > before.keyChangedAt,
    40_000,
  )
  t.is(after.status, 'ONLINE')
  const { apiKey } = keysOf(node)
  t.not(apiKey, before.apiKey)
  t.is(await heartbeat(primary, id, apiKey), 200)
  const { checkNode } = await ask<{ checkNode: { ok: boolean; error: string | null } }>(
    primary,
    'mutation ($id: ID!) { checkNode(id: $id) { ok error } }',
    { id },
  )
  t.deepEqual(checkNode, { ok: true, error: null })
  for (const { printed } of [primary, node]) {
    t.false(printed.join('\n').includes(apiKey), 'the log contains no key')
    t.false(printed.join('\n').includes(before.apiKey))
  }
}

const moments: { lost: 'call' | 'answer'; killed: ('primary' | 'node')[] }[] = [
  { lost: 'call', killed: ['primary'] },
  { lost: 'call', killed: ['node'] },
  { lost: 'answer', killed: ['primary'] },
  { lost: 'answer', killed: ['node'] },
  { lost: 'answer', killed: ['primary', 'node'] },
]

test('whether the call or its answer is lost and whichever side is killed, a restart leaves one new key', async (t) => {
  t.timeout(240_000)
  const all = await cluster(t)
  for (const { lost, killed } of moments) {
    t.log(`the ${lost} is lost with the ${killed.join(' and ')}`)
    const before = { ...(await seen(all.primary, all.id)), ...keysOf(all.node) }
    const processes = killed.map((name) => all[name])
    const happened = all.courier.lose(lost, () => Promise.all(processes.map((process) => process.kill())))
    const change = rotate(all.primary, all.id).catch((error: unknown) => error)
    await happened
    t.true((await change) instanceof Error, 'the caller was not told that it succeeded')
    t.is(keysOf(all.node).apiKey === before.apiKey, lost === 'call')
    if (lost === 'answer') t.is(keysOf(all.node).formerKey, before.apiKey)
    // Stays away until the primary notices. Coming back earlier would not be a different case.
    if (killed[0] === 'node')
      await eventually(
        () => seen(all.primary, all.id),
        ({ status }) => status !== 'ONLINE',
      )
    await Promise.all(processes.map((process) => process.start()))
    await isWell(t, all, before)
  }

  t.log('a lost call is repeated; a lost answer goes unnoticed')
  const before = { ...(await seen(all.primary, all.id)), ...keysOf(all.node) }
  const call = all.courier.lose('call')
  await t.throwsAsync(rotate(all.primary, all.id))
  await call
  t.is(keysOf(all.node).apiKey, before.apiKey)
  const answer = all.courier.lose('answer')
  await rotate(all.primary, all.id)
  await answer
  await isWell(t, all, before)
})
