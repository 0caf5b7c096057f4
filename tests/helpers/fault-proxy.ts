import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { ExecutionContext } from 'ava'
import { carry, clearLine, type LineConditions } from './slow-line.ts'

export type FaultProxy = Awaited<ReturnType<typeof faultProxy>>

/** How a proxy listens and reaches its target. Differs inside a network namespace. */
export interface ProxyWays {
  listen: (port: number) => Promise<Server>
  connect: () => Socket | Promise<Socket>
}

/** From loopback to a loopback port. */
export const localWays = (target: number): ProxyWays => ({
  async listen(port) {
    const server = createServer().listen(port, '127.0.0.1')
    await once(server, 'listening')
    return server
  },
  connect: () => connect(target, '127.0.0.1'),
})

interface Pair {
  client: Socket
  target: Socket | undefined
  lines: ReturnType<typeof carry>[]
}

/** A TCP proxy with network faults, one or several at once, until `heal`. Closed after the test. */
export async function faultProxy(t: Pick<ExecutionContext<unknown>, 'teardown'>, ways: ProxyWays, random: () => number = Math.random) {
  const conditions = clearLine()
  const pairs = new Set<Pair>()
  const acceptedAt: number[] = []
  const requests: { at: number; line: string }[] = []
  let resetsNew = false
  let swallows = false
  let server: Server | undefined
  let port = 0

  async function join(client: Socket): Promise<void> {
    acceptedAt.push(performance.now())
    client.on('error', () => undefined)
    if (resetsNew) return void client.resetAndDestroy()
    client.allowHalfOpen = true
    client.setNoDelay(true)
    const pair: Pair = { client, target: undefined, lines: [] }
    pairs.add(pair)
    client.once('close', () => leave(pair))
    if (swallows) return void client.resume()
    const target = await ways.connect()
    target.on('error', () => client.resetAndDestroy())
    if (client.destroyed) return void target.destroy()
    target.allowHalfOpen = true
    target.setNoDelay(true)
    target.once('close', () => leave(pair))
    client.on('data', (chunk: Buffer) => {
      const [line] = /^[A-Z]+ \S+/.exec(chunk.toString('latin1', 0, 200)) ?? []
      if (line) requests.push({ at: performance.now(), line })
    })
    pair.target = target
    pair.lines = [carry(client, target, conditions, random), carry(target, client, conditions, random)]
    if (swallows) kill(pair)
  }

  function leave(pair: Pair): void {
    if (pair.client.destroyed && (pair.target?.destroyed ?? true)) pairs.delete(pair)
  }

  async function listen(): Promise<void> {
    if (server) return
    server = await ways.listen(port)
    port = (server.address() as AddressInfo).port
    server.on('connection', (client) => {
      join(client).catch(() => client.resetAndDestroy())
    })
  }

  function cut(): void {
    for (const pair of pairs) {
      kill(pair)
      pair.client.resetAndDestroy()
      pair.target?.resetAndDestroy()
    }
  }

  function change(changes: Partial<LineConditions>): void {
    Object.assign(conditions, changes)
    if (!conditions.stalled) for (const { lines } of pairs) for (const line of lines) line.deliver()
  }

  function refuse(): void {
    server?.close()
    server = undefined
    cut()
  }

  await listen()
  t.teardown(() => {
    refuse()
  })

  return {
    port,
    /** When each connection was accepted, in `performance.now()` time. Includes those reset at once. */
    acceptedAt,
    /** The start of each HTTP request, such as `GET /path`, and its `performance.now()` time. */
    requests,
    /** Open connections. */
    connections: () => pairs.size,
    /** Delays each direction by `ms`, plus or minus `jitterMs`. Keeps the order. */
    delay: (ms: number, jitterMs = 0) => change({ delayMs: ms, jitterMs }),
    throttle: (bytesPerSecond: number) => change({ bytesPerSecond }),
    /** Packet loss as TCP shows it: data arrives later. */
    lose: (lostShare: number) => change({ lostShare }),
    /** Holds all data and closes until `resume`, as if packets were dropped for a while. */
    stall: () => change({ stalled: true }),
    resume: () => change({ stalled: false }),
    /** Resets every connection. New ones are accepted. */
    cut,
    /** Resets every connection, and each new one immediately. */
    resetAll(): void {
      resetsNew = true
      cut()
    },
    /** Current and new connections stay open but carry nothing, not even their close. Current ones stay so after `heal`. */
    halfOpen(): void {
      swallows = true
      pairs.forEach(kill)
    },
    /** Resets every connection and refuses new ones. */
    refuse,
    /** Removes all faults. Half-open connections stay half-open, because neither end knows. */
    async heal(): Promise<void> {
      resetsNew = false
      swallows = false
      change(clearLine())
      await listen()
    },
  }
}

const kill = ({ lines }: Pair): void => lines.forEach((line) => line.kill())
