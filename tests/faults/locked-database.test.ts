import test from 'ava'
import { ask, GraphqlFailure } from '../helpers/graphql.ts'
import { nodeProcess, type NodeProcess } from '../helpers/node-process.ts'
import { otherProgram } from '../helpers/other-program.ts'

/** Longer than two writes in a row may wait. */
const lockedMs = 14_000

const createToken = (node: NodeProcess, name: string) =>
  ask(node, 'mutation ($name: String!) { createJoinToken(input: { name: $name }) { token { id } } }', { name })

/** Asks whether it is healthy and whether it is ready, again and again until `isOver`. @returns how long each took at most, in ms */
async function watch(node: NodeProcess, isOver: () => boolean): Promise<{ health: number; ready: number; reasons: string[] }> {
  const slowest = { health: 0, ready: 0 }
  const reasons = new Set<string>()
  const timed = async (what: 'health' | 'ready'): Promise<Response> => {
    const began = performance.now()
    const response = await fetch(`${node.url}/api/${what}`)
    slowest[what] = Math.max(slowest[what], performance.now() - began)
    return response
  }
  while (!isOver()) {
    const [health, ready] = await Promise.all([timed('health'), timed('ready')])
    if (health.status !== 200) throw new Error(`health answered ${health.status}`)
    const { reason } = (await ready.json()) as { reason?: string }
    if (reason) reasons.add(reason)
  }
  return { ...slowest, reasons: [...reasons] }
}

test('while another program keeps the database locked for 14 s health is answered, and writes and commands fail in words or wait', async (t) => {
  t.timeout(180_000)
  const node = await nodeProcess(t)
  await node.start()
  await createToken(node, 'before')
  const other = await otherProgram(t, node.databasePath)
  await other('begin exclusive')
  const lockedAt = performance.now()
  let isOver = false
  const watched = watch(node, () => isOver)
  // It is awaited in the end, which a test that fails does not reach.
  watched.catch(() => undefined)

  const refused = await t.throwsAsync(createToken(node, 'in vain'), { instanceOf: GraphqlFailure })
  t.is(refused.code, 'STORAGE_UNAVAILABLE')
  t.regex(refused.message, /Another program.*locked/)
  t.like(await ask(node, '{ joinTokens { name } }'), { joinTokens: [{ name: 'before' }] }, 'reading goes on')
  const commands = await Promise.all([node.command('link'), node.command('token', ['--name', 'script', '--scope', 'read'])])
  for (const { code, stdout, stderr } of commands) {
    t.deepEqual([code, stdout], [1, ''])
    t.regex(stderr.trim(), /^[^\n]*locked[^\n]*$/, 'one sentence')
  }

  // One that is asked for shortly before the lock ends waits for it.
  while (performance.now() - lockedAt < lockedMs) await fetch(`${node.url}/api/ready`)
  const waiting = [createToken(node, 'late'), node.command('link')] as const
  await other('commit')
  await waiting[0]
  t.is((await waiting[1]).code, 0)
  isOver = true
  const { health, ready, reasons } = await watched
  t.true(health < 2000 && ready < 4000, `at the slowest health took ${Math.round(health)} ms and ready ${Math.round(ready)} ms`)
  t.true(reasons.length > 0 && reasons.every((reason) => reason.includes('locked')), reasons.join('; '))
  const { joinTokens } = await ask<{ joinTokens: { name: string }[] }>(node, '{ joinTokens { name } }')
  t.deepEqual(joinTokens.map(({ name }) => name).toSorted(), ['before', 'late'], 'what failed changed nothing')
})
