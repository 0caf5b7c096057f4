import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { ExecutionContext } from 'ava'
import { carry, clearLine, type LineConditions } from './slow-line.ts'

export type FaultProxy = Awaited<ReturnType<typeof faultProxy>>

/** How a proxy listens and reaches its target; a network namespace has ways of its own. */
export interface ProxyWays {
  listen: (port: number) => Promise<Server>
  connect: () => Socket | Promise<Socket>
}

/** On loopback, to a port of loopback. */
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

/** A TCP proxy with the faults of networks, one at a time or several at once, until `heal`. It is gone after the test. */
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
    /** When each connection was accepted, as of `performance.now()`; those that were reset at once too. */
    acceptedAt,
    /** The beginning of each HTTP request that came, such as `GET /path`, and when, as of `performance.now()`. */
    requests,
    /** Connections that are open now. */
    connections: () => pairs.size,
    /** Each way takes `ms`, `jitterMs` more or less; the order is kept. */
    delay: (ms: number, jitterMs = 0) => change({ delayMs: ms, jitterMs }),
    throttle: (bytesPerSecond: number) => change({ bytesPerSecond }),
    /** What TCP makes of lost packets: they come later. */
    lose: (lostShare: number) => change({ lostShare }),
    /** Nothing passes and nothing is closed until `resume`; then all of it does, as when packets are dropped for a while. */
    stall: () => change({ stalled: true }),
    resume: () => change({ stalled: false }),
    /** Resets every connection; new ones are taken. */
    cut,
    /** Resets every connection, and each new one at once. */
    resetAll(): void {
      resetsNew = true
      cut()
    },
    /** Connections of now and new ones stay open and carry nothing, not even their end: for those of now also after `heal`. */
    halfOpen(): void {
      swallows = true
      pairs.forEach(kill)
    },
    /** Resets every connection and refuses new ones. */
    refuse,
    /** No fault from now on. What was half-open stays so, for its ends know of nothing. */
    async heal(): Promise<void> {
      resetsNew = false
      swallows = false
      change(clearLine())
      await listen()
    },
  }
}

const kill = ({ lines }: Pair): void => lines.forEach((line) => line.kill())
