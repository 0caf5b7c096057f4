import { randomUUID } from 'node:crypto'
import test from 'ava'
import { createManualClock } from '../helpers/manual-clock.ts'
import { peopleSettings, sessionOf, signIn } from '../helpers/people.ts'
import { runningNode } from '../helpers/running-node.ts'

test('a viewer limited to some nodes learns that the network is suspect, but not how many nodes there are', async (t) => {
  const clock = createManualClock(new Date())
  const primary = await runningNode(t, peopleSettings, { clock })
  const { registry } = primary.services.members
  const ids = Array.from({ length: 7 }, () => String(randomUUID()))
  for (const [index, id] of ids.entries()) {
    const labels: Record<string, string> = index === 0 ? { env: 'lab' } : {}
    await registry.register({ id, name: `w${index}`, apiEndpoint: 'http://127.0.0.1:9', apiKey: 'key-of-nobody', labels })
    registry.observe(id, { kind: 'heartbeat' })
  }
  clock.advance(1000)
  for (const id of ids) {
    for (let count = 0; count < 3; count += 1)
      registry.observe(id, { kind: 'check-failed', by: 'session', startedAt: clock.now(), reason: 'connection refused' })
  }
  clock.advance(5000)
  const messagesFor = async (login: string): Promise<string[]> => {
    const headers = await sessionOf(primary, await signIn(primary, login))
    const { data } = await primary.graphql('{ alarms { kind message } }', {}, headers)
    return data.alarms.map(({ kind, message }: { kind: string; message: string }) => `${kind}: ${message}`)
  }
  const advice = "vanished at once: the primary's own network may be down. Nothing acts on lost nodes until most of them answer again"
  t.deepEqual(await messagesFor('admin'), [`NETWORK_SUSPECTED: 7 of the 7 nodes that were online ${advice}`])
  t.deepEqual(await messagesFor('lab-operator'), [`NETWORK_SUSPECTED: Most nodes ${advice}`])
})
