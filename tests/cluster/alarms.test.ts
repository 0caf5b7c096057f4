import { randomUUID } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { freePort } from '../helpers/free-port.ts'
import { follow, type LiveValues } from '../helpers/graphql.ts'
import { peopleSettings, sessionOf, signIn } from '../helpers/people.ts'
import { runningNode, runningSecondary, type RunningNode } from '../helpers/running-node.ts'

interface SeenAlarm {
  kind: string
  nodeId: string | null
  message: string
}

interface Worker {
  id: string
  name: string
  start(): Promise<void>
  stop(): Promise<void>
}

/** A secondary in this process that can be stopped and restarted at the same address. */
async function workerOf(t: ExecutionContext, primary: RunningNode, name: string): Promise<Worker> {
  const [id, key, port] = [randomUUID(), `key-of-${name}`, await freePort()]
  let running: RunningNode | undefined
  const start = async (): Promise<void> => {
    running = await runningSecondary(t, primary, { NODE_ID: id, NODE_API_KEY: key, NODE_NAME: name, SERVER_ADDRESS: `127.0.0.1:${port}` })
  }
  await start()
  await primary.services.membership.register({ id, name, apiEndpoint: `http://127.0.0.1:${port}`, apiKey: key })
  return { id, name, start, stop: async () => running?.stop() }
}

const brief = (alarms: SeenAlarm[]): string => alarms.map(({ kind, nodeId }) => (nodeId === null ? kind : `${kind} ${nodeId}`)).join()

const now = (seen: LiveValues<SeenAlarm[]>, wanted: string) =>
  seen.first((alarms) => brief(alarms) === wanted, { from: seen.values.length - 1 })

test('each node that is down has its own alarm; if most are down at once there is one alarm, until most answer again', async (t) => {
  const primary = await runningNode(t)
  const workers = await Promise.all(['w1', 'w2', 'w3', 'w4'].map((name) => workerOf(t, primary, name)))
  const [first, second, third] = workers as [Worker, Worker, Worker]
  const seen = follow<SeenAlarm[]>(t, primary, 'subscription { alarmsChanged { kind nodeId message } }')
  await now(seen, '')

  await first.stop()
  const [down] = await now(seen, `NODE_DOWN ${first.id}`)
  t.regex(down?.message ?? '', /^w1 is offline: /)
  await first.start()
  await now(seen, '')

  await Promise.all([first, second, third].map((worker) => worker.stop()))
  const [suspected] = await now(seen, 'NETWORK_SUSPECTED')
  t.regex(suspected?.message ?? '', /^3 of the 4 nodes/)
  t.notRegex(suspected?.message ?? '', /w\d/)
  t.true(primary.services.health.alarms.networkSuspected())
  // Each node's own status is still shown.
  const statuses = follow<{ id: string; status: string }>(t, primary, 'subscription { nodeStatusChanged { id status } }')
  await Promise.all([first, second, third].map((worker) => statuses.first(({ id, status }) => id === worker.id && status === 'OFFLINE')))
  t.is(brief(seen.values.at(-1) ?? []), 'NETWORK_SUSPECTED')

  await Promise.all([first, second].map((worker) => worker.start()))
  await now(seen, `NODE_DOWN ${third.id}`)
  t.false(primary.services.health.alarms.networkSuspected())
  const lines = primary.log.filter(({ msg }) => msg === 'alarm raised').map(({ level, kind, node }) => [level, kind, node])
  t.deepEqual(lines, [
    ['warn', 'node-down', 'w1'],
    ['warn', 'network-suspected', undefined],
    ['warn', 'node-down', 'w3'],
  ])
})

test('callers limited to some nodes see alarms for those only, and network alarms without names', async (t) => {
  const primary = await runningNode(t, peopleSettings)
  const { registry } = primary.services.members
  const made = await Promise.all(
    ['lab', 'prod'].map((env) =>
      registry.register({ id: randomUUID(), name: `in-${env}`, apiEndpoint: 'http://127.0.0.1:9', apiKey: 'key-of-it', labels: { env } }),
    ),
  )
  const down = (): void => {
    for (const { id } of made) {
      registry.observe(id, { kind: 'heartbeat' })
      for (let i = 0; i < 3; i++)
        registry.observe(id, { kind: 'check-failed', by: 'check', startedAt: new Date(), reason: 'connection refused' })
    }
  }
  const raised = new Promise<void>((resolve) => {
    const off = primary.services.events.on('alarms', () => {
      if (primary.services.health.alarms.list().length < 2) return
      off()
      resolve()
    })
  })
  down()
  await raised
  const alarmsOf = async (login: string) => {
    const { data } = await primary.graphql('{ alarms { kind message } }', {}, await sessionOf(primary, await signIn(primary, login)))
    return data.alarms.map(({ message }: SeenAlarm) => message.split(' ')[0])
  }
  t.deepEqual((await alarmsOf('viewer')).toSorted(), ['in-lab', 'in-prod'])
  t.deepEqual(await alarmsOf('lab-operator'), ['in-lab'])
})
