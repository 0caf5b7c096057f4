import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * A port on which nothing listens. It lies below those that systems hand out for outgoing connections, so that none of
 * these takes it while the program that is to listen there is not running.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000)
    const server = createServer().listen(port, '127.0.0.1')
    const isFree = await Promise.race([once(server, 'listening').then(() => true), once(server, 'error').then(() => false)])
    if (!isFree) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
}
