import { setImmediate as nextTurn } from 'node:timers/promises'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { createLinkDialer } from '../../../api/cluster/transport/link-dialer.ts'
import { dial, wireOf, type LinkWire } from '../../../api/cluster/transport/link-socket.ts'
import { socketPort } from '../../helpers/link-pair.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'
import { until } from '../../helpers/until.ts'

/** A dialer that is not started. @param random used as every random number */
function dialerTo(t: ExecutionContext<unknown>, endpoint: { url: string }, random = 0) {
  const clock = createManualClock()
  const failures: string[] = []
  /** The links it has dialed. */
  const wires: LinkWire[] = []
  const closing = new Set<LinkWire>()
  const dialer = createLinkDialer({
    target: () => ({ endpoint: endpoint.url, headers: {} }),
    use(wire) {
      wires.push(wire)
      return { check: () => undefined, isClosing: () => closing.has(wire), lastsMs: () => 7500 }
    },
    onFailed: (reason) => void failures.push(reason),
    clock,
    random: () => random,
  })
  t.teardown(dialer.stop)
  return { dialer, clock, failures, wires, closing }
}

test('the dialer waits longer after each try, up to 15 s, respects Retry-After, and starts short after a stable minute', async (t) => {
  const refusals = ['', '', 'retry-after: 30\r\n', ...Array.from({ length: 8 }, () => '')]
  const http = createServer().on('upgrade', (_, socket) => {
    const extra = refusals.shift() ?? ''
    socket.end(`HTTP/1.1 503 Later\r\n${extra}connection: close\r\n\r\n`)
  })
  await once(http.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => http.close())
  const endpoint = { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` }
  const { dialer, clock, failures, wires } = dialerTo(t, endpoint, 1)
  dialer.start()
  const waits: number[] = []
  const next = async (): Promise<void> => {
    await until(() => clock.waiting() > 0)
    waits.push(clock.waits()[0] ?? 0)
    clock.advance(clock.waits()[0] ?? 0)
  }
  for (let i = 0; i < 8; i++) await next()
  t.deepEqual(waits, [500, 1000, 31_000, 4000, 8000, 15_000, 15_000, 15_000])
  t.true(failures.every((reason) => reason === 'asks to try again later (503)'))

  const port = await socketPort(t, () => undefined)
  endpoint.url = port.url
  await next()
  await until(() => wires.length === 1)
  port.sockets[0]?.terminate()
  waits.length = 0
  await next()
  t.deepEqual(waits, [15_000], 'it did not hold for a minute')
  await until(() => wires.length === 2)
  clock.advance(60_000)
  port.sockets[1]?.terminate()
  await next()
  t.deepEqual(waits, [15_000, 500])
  await until(() => wires.length === 3)
})

test('the dialer waits while a link from the other side is open; for a new key it opens a second link next to its own', async (t) => {
  let checks = 0
  const port = await socketPort(t, () => undefined)
  const { dialer, clock, wires } = dialerTo(t, port)
  const theirs = await socketPort(t, (socket) => {
    dialer.adopt(wireOf(socket), { check: () => void checks++, isClosing: () => false, lastsMs: () => 7500 })
    dialer.start()
  })
  const adopted = await dial(theirs.url, {})
  await until(() => theirs.sockets.length === 1)
  dialer.wake()
  dialer.renew()
  t.is(checks, 1)
  t.deepEqual({ dialled: port.sockets.length, waiting: clock.waiting() }, { dialled: 0, waiting: 0 })
  adopted.socket.terminate()
  await until(() => clock.waiting() > 0)
  clock.advance(0)
  await until(() => wires.length === 1)
  dialer.renew()
  await until(() => wires.length === 2)
  const [first, second] = port.sockets
  first?.close()
  if (first) await once(first, 'close')
  t.deepEqual({ dialled: port.sockets.length, waiting: clock.waiting() }, { dialled: 2, waiting: 0 })
  t.is(second?.readyState, second?.OPEN)
})

test('a closing link does not count: when its replacement is lost, another is dialed', async (t) => {
  const port = await socketPort(t, () => undefined)
  const { dialer, clock, wires, closing } = dialerTo(t, port)
  dialer.start()
  await until(() => wires.length === 1)
  dialer.renew()
  await until(() => wires.length === 2)
  if (wires[0]) closing.add(wires[0])
  port.sockets[1]?.terminate()
  await until(() => clock.waiting() > 0)
  clock.advance(0)
  await until(() => wires.length === 3)
  t.is(wires[0]?.socket.readyState, 1, 'it stays open until it ends by itself')
})

test('retries the link for a new key until it is open', async (t) => {
  const port = await socketPort(t, () => undefined)
  const endpoint = { url: port.url }
  const { dialer, clock, failures, wires } = dialerTo(t, endpoint)
  dialer.start()
  await until(() => wires.length === 1)
  endpoint.url = 'http://127.0.0.1:9'
  dialer.renew()
  await until(() => failures.length === 1 && clock.waiting() > 0)
  t.deepEqual(clock.waits(), [5000])
  endpoint.url = port.url
  clock.advance(5000)
  await until(() => wires.length === 2)
  await nextTurn()
  t.is(clock.waiting(), 0)
})
