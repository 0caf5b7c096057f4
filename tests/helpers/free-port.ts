import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

/**
 * How far above a port its lock lies: a listener that says, to every process on this machine, that the port was given out.
 * Ports and locks lie below those that systems hand out for outgoing connections.
 */
const lockAbove = 6000
const lowest = 20_000

/**
 * A port on which nothing listens, given to nobody else until this process ends: whether or not the program that is to
 * listen there runs.
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

/** Keeps no process alive; undefined where the port is taken. */
async function listenOn(port: number): Promise<Server | undefined> {
  const server = createServer().listen(port, '127.0.0.1').unref()
  return once(server, 'listening').then(
    () => server,
    () => undefined,
  )
}
