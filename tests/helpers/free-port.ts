import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

/**
 * Distance from a port to its lock: a listener that tells every process on this machine that the port is reserved.
 * Ports and locks are below the range used for outgoing connections.
 */
const lockAbove = 6000
const lowest = 20_000

/**
 * A port that nothing listens on, reserved until this process ends, whether or not the program that will
 * listen there is running.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(lowest, lowest + lockAbove)
    const lock = await listenOn(port + lockAbove)
    const probe = lock && (await listenOn(port))
    if (probe) {
      await new Promise((resolve) => probe.close(resolve))
      return port
    }
    lock?.close()
  }
}

/** Does not keep the process alive. Undefined if the port is taken. */
async function listenOn(port: number): Promise<Server | undefined> {
  const server = createServer().listen(port, '127.0.0.1').unref()
  return once(server, 'listening').then(
    () => server,
    () => undefined,
  )
}
