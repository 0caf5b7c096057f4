import { setImmediate as nextTurn } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { createNodeClient } from '../../../api/cluster/transport/node-client.ts'
import { NodeCallError } from '../../../api/cluster/transport/node-call-error.ts'
import { createHeartbeatTimes, type HeartbeatOutcome } from '../../../api/cluster/home/heartbeat-times.ts'
import { freePort } from '../../helpers/free-port.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'
import { json, peer } from '../../helpers/peer.ts'
import { recordedLog } from '../../helpers/recorded-log.ts'
import { until } from '../../helpers/until.ts'

type Accepted = Parameters<Parameters<typeof createHeartbeatTimes>[0]['onAccepted']>[0]

const accepted: HeartbeatOutcome = { kind: 'accepted', settingsVersion: '7' }
const refused: HeartbeatOutcome = { kind: 'refused', reason: 'refused the credentials (401 Invalid API key)' }
const noAnswer: HeartbeatOutcome = { kind: 'no-answer', reason: 'connection refused' }

function senderOf(send: () => Promise<HeartbeatOutcome>) {
  const clock = createManualClock()
  const { log, lines, messages } = recordedLog()
  const told: Accepted[] = []
  const heartbeats = createHeartbeatTimes({
    primaryUrl: () => 'http://primary:8080',
    send,
    onAccepted: (heartbeat) => void told.push(heartbeat),
    startDelayMs: 2000,
    clock,
    random: () => 1,
    log,
  })
  return { heartbeats, clock, lines, messages, told }
}

/** Returns `outcomes` one after another, then keeps returning the last one. */
function scripted(...outcomes: HeartbeatOutcome[]) {
  let sent = 0
  const fixture = senderOf(async () => outcomes[Math.min(sent++, outcomes.length - 1)] ?? accepted)
  return { ...fixture, sent: () => sent }
}

test('the first heartbeat is sent 2 s after the start and logs the lines that operators grep for', async (t) => {
  const { heartbeats, clock, lines, told, sent } = scripted(accepted)
  heartbeats.start()
  t.true(heartbeats.isFailing())
  clock.advance(1999)
  t.is(sent(), 0)
  clock.advance(1)
  await nextTurn()
  t.is(sent(), 1)
  t.deepEqual(
    lines.map(({ msg, url }) => [msg, url]),
    [
      ['sending startup heartbeat to primary', 'http://primary:8080'],
      ['startup heartbeat sent successfully to primary', 'http://primary:8080'],
    ],
  )
  t.deepEqual(told, [{ first: true, afterFailure: false, settingsVersion: '7' }])
  t.false(heartbeats.isFailing())
  t.is(clock.waiting(), 0, 'later heartbeats come from the schedule')
  heartbeats.sendNow()
  await nextTurn()
  t.deepEqual(told[1], { first: false, afterFailure: false, settingsVersion: '7' })
  t.is(lines.length, 2, 'routine heartbeats are not logged')
})

test('a primary that calls within the first 2 s gets a heartbeat at once, and no second one after 2 s', async (t) => {
  const { heartbeats, clock, messages, sent } = scripted(accepted)
  heartbeats.start()
  heartbeats.sendNow()
  await nextTurn()
  t.is(sent(), 1)
  t.is(messages().filter((message) => message === 'sending startup heartbeat to primary').length, 1)
  clock.advance(2000)
  await nextTurn()
  t.is(messages().filter((message) => message === 'sending startup heartbeat to primary').length, 1)
})

test('a refusal logs the reason and waits for the next turn', async (t) => {
  const { heartbeats, clock, lines, told, sent } = scripted(refused, accepted)
  heartbeats.sendNow()
  await nextTurn()
  t.like(lines.at(-1), { msg: 'heartbeat failed', reason: 'refused the credentials (401 Invalid API key)' })
  t.is(clock.waiting(), 0)
  t.true(heartbeats.isFailing())
  heartbeats.sendNow()
  await nextTurn()
  t.is(sent(), 2)
  t.deepEqual(told, [{ first: true, afterFailure: true, settingsVersion: '7' }])
})

test('without an answer it retries every 1 s to 15 s, logs only occasionally, and logs when the primary accepts again', async (t) => {
  let isUp = false
  let sent = 0
  const { heartbeats, clock, messages, told } = senderOf(async () => (sent++, isUp ? accepted : noAnswer))
  isUp = true
  heartbeats.sendNow()
  await nextTurn()
  isUp = false
  heartbeats.sendNow()
  await nextTurn()
  const waits: number[] = []
  for (let i = 0; i < 20; i++) {
    const [wait = 0] = clock.waits()
    waits.push(wait)
    clock.advance(wait)
    await nextTurn()
  }
  t.deepEqual(waits.slice(0, 5), [2500, 4500, 8500, 15_500, 15_500])
  t.is(messages().filter((message) => message === 'failed to send heartbeat to primary').length, 3)
  isUp = true
  clock.advance(15_500)
  await nextTurn()
  t.is(messages().at(-1), 'heartbeat accepted again by primary')
  t.deepEqual(told.at(-1), { first: false, afterFailure: true, settingsVersion: '7' })
  t.is(clock.waiting(), 0)
  t.is(sent, 23)
})

test('a send that throws counts as no answer', async (t) => {
  const { heartbeats, clock, lines } = senderOf(() => Promise.reject(new Error('the stars are wrong')))
  heartbeats.sendNow()
  await nextTurn()
  t.like(lines.at(-1), { msg: 'failed to send heartbeat to primary', error: 'the stars are wrong' })
  t.is(clock.waiting(), 1)
})

test('after a stop nothing is sent', async (t) => {
  const before = scripted(accepted)
  before.heartbeats.start()
  before.heartbeats.stop()
  before.clock.advance(10_000)
  before.heartbeats.sendNow()
  await nextTurn()
  t.is(before.sent(), 0)

  const failing = scripted(noAnswer)
  failing.heartbeats.sendNow()
  await nextTurn()
  failing.heartbeats.stop()
  t.is(failing.clock.waiting(), 0)
})

test('a real primary that starts later gets a heartbeat without a restart of the node', async (t) => {
  const port = await freePort()
  const client = createNodeClient({ selfId: '00000000-0000-4000-8000-00000000000b' })
  t.teardown(client.close)
  const primary = { id: 'primary', name: 'the primary', apiEndpoint: `http://127.0.0.1:${port}`, apiKey: 'shared-key' }
  const { heartbeats, clock, lines, told } = senderOf(async () => {
    try {
      await client.request(primary, { method: 'POST', path: '/api/internal/nodes/me/heartbeat' })
      return accepted
    } catch (error) {
      if (!(error instanceof NodeCallError)) throw error
      return { kind: error.answered ? 'refused' : 'no-answer', reason: error.why }
    }
  })
  heartbeats.start()
  clock.advance(2000)
  await until(() => lines.length === 2)
  t.regex(String(lines[1]?.error), /^connection refused at 127\.0\.0\.1/)
  await tryAgain(t, clock)
  const node = await peer(t, (_request, response) => json(response, { message: 'Heartbeat received' }), port)
  clock.advance(clock.waits()[0] ?? 0)
  await until(() => told.length === 1)
  t.like(node.requests[0], { method: 'POST', headers: { 'x-node-api-key': 'shared-key' } })
})

/** Advances to the next attempt and waits until it has failed. */
async function tryAgain(t: ExecutionContext<unknown>, clock: ReturnType<typeof createManualClock>): Promise<void> {
  await until(() => clock.waiting() === 1)
  clock.advance(clock.waits()[0] ?? 0)
  await until(() => clock.waiting() === 1)
  t.is(clock.waiting(), 1)
}
