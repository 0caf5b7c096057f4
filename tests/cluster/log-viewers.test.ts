import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import type { WebSocket } from 'ws'
import { bounds } from '../../api/bounds.ts'
import { ensureTestImage, testImage, uniqueName } from '../helpers/docker.ts'
import { follow } from '../helpers/graphql.ts'
import { assertProblem } from '../helpers/problem.ts'
import { runningNode, runningSecondary, type RunningNode } from '../helpers/running-node.ts'
import { until } from '../helpers/until.ts'
import { closeCode, openGraphqlSocket } from '../helpers/websocket.ts'

interface Batch {
  lines: { text: string; at: string }[]
  skipped: number
}

const run = promisify(execFile)
const fields = '{ lines { at service container stream text position } skipped passed }'
const query = `subscription ($node: ID!, $id: ID!) { containerLogs(nodeId: $node, containerId: $id, tail: 10000) ${fields} }`

/** A primary and a secondary that it reaches over plain HTTP, and a container on it whose first process is told by `print`. */
async function ground(t: ExecutionContext<unknown>) {
  await ensureTestImage()
  const primary = await runningNode(t)
  const worker = await runningSecondary(t, primary, { NODE_CONNECTION: 'direct' })
  await primary.services.membership.welcome({ id: worker.id, name: 'worker', apiEndpoint: worker.url, apiKey: worker.key })
  await until(() => primary.services.details.sessionOf(worker.id) !== null)
  const name = uniqueName()
  t.teardown(() => run('docker', ['rm', '-f', name]).catch(() => undefined))
  await run('docker', ['run', '-d', '--init', '--network', 'none', '--name', name, testImage, 'sleep', '1000'])
  await until(() => worker.services.apps.containers().some((each) => each.name === name))
  const print = (script: string) => run('docker', ['exec', name, 'sh', '-c', `(${script}) > /proc/1/fd/1`])
  return { primary, worker, name, print }
}

const textsOf = ({ values }: { values: Batch[] }): string[] => values.flatMap(({ lines }) => lines.map(({ text }) => text))
const path = (node: RunningNode, name: string, more: string): string => `/api/nodes/${node.id}/containers/${name}/logs?${more}`

test('over plain HTTP: bytes that are no text, a line of a megabyte, and a viewer that stops reading', async (t) => {
  t.timeout(120_000)
  const { primary, worker, name, print } = await ground(t)
  const variables = { node: worker.id, id: name }
  const logs = follow<Batch>(t, primary, query, variables)
  await until(() => logs.values.length > 0)
  await print("printf 'a\\377\\000\\376b\\n'; head -c 1000000 /dev/zero; echo; echo after")
  await until(() => textsOf(logs).includes('after'))
  const [binary = '', long = ''] = textsOf(logs)
  t.is(binary.replaceAll('\0', ''), 'a\ufffd\ufffdb')
  t.regex(long, /^\0+… \[cut here: the line has 1000000 bytes\]$/)
  t.true(long.length < bounds.logs.lineBytes + 100)

  const slow = await openGraphqlSocket(primary)
  const got: Batch[] = []
  slow.on('message', (data) => {
    const { type, payload } = JSON.parse(String(data)) as { type: string; payload?: { data?: { containerLogs: Batch } } }
    if (type === 'next' && payload?.data) got.push(payload.data.containerLogs)
  })
  slow.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: query.replace('tail: 10000', 'tail: 0'), variables } }))
  await until(() => got.length > 0)
  slow.pause()
  await print('seq 1 40000')
  await until(() => textsOf(logs).includes('40000'))
  const before = got.length
  await print('echo the end')
  await until(() => textsOf(logs).includes('the end'))
  slow.resume()
  await until(() => got.some(({ lines }) => lines.some(({ text }) => text === 'the end')))
  const [lines, skipped] = [got.reduce((sum, each) => sum + each.lines.length, 0), got.reduce((sum, each) => sum + each.skipped, 0)]
  t.is(lines + skipped, 40_001, 'delivered and skipped is what was written')
  t.true(skipped > 20_000 && before < 10, `${skipped} skipped, ${before} batches while it did not read`)
  slow.terminate()
})

test('a caller has so many logs open and no more, and they end with the token that opened them', async (t) => {
  t.timeout(120_000)
  const { primary, worker, name, print } = await ground(t)
  const { tokens, machineId } = primary.services.access
  const owner = { userId: machineId(), role: 'admin' } as const
  const { secret, token } = await tokens.create(owner, { name: uniqueName(), scope: 'viewer', expiresInDays: 1 })
  const headers = { authorization: `Bearer ${secret}` }
  const most = bounds.logs.streams.ofCaller
  const socket = await openGraphqlSocket(primary, headers)
  const answers = countAnswers(socket)
  for (let id = 1; id < most; id += 1)
    socket.send(JSON.stringify({ id: String(id), type: 'subscribe', payload: { query, variables: { node: worker.id, id: name } } }))
  const curl = await fetch(primary.url + path(worker, name, 'follow=true'), { headers })
  await until(() => answers.next() === most - 1)
  t.deepEqual(primary.services.logHub.counts(), { open: 1, viewers: most })
  const refused = await primary.send(path(worker, name, 'tail=1'), { headers })
  assertProblem(t, refused, 429, { code: 'RATE_LIMITED' })
  t.is((await primary.send(path(worker, name, 'tail=1'))).status, 200, 'another caller')

  const closed = closeCode(socket)
  await tokens.revoke([owner.userId], token.id)
  t.is(await closed, 4401)
  await t.throwsAsync(curl.text())
  await until(() => primary.services.logHub.counts().viewers === 0)
  await print('echo nobody reads this')
})

function countAnswers(socket: WebSocket) {
  let next = 0
  socket.on('message', (data) => {
    if ((JSON.parse(String(data)) as { type: string }).type === 'next') next += 1
  })
  return { next: () => next }
}
