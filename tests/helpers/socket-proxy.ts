import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { engineSocket } from './docker.ts'

export interface SocketProxy {
  path: string
  /** Open connections. */
  connections(): number
  /** Breaks every connection. New ones are accepted. */
  cut(): void
  /** Breaks every connection and refuses new ones, like a stopped Engine. */
  close(): Promise<void>
  /** Accepts connections again. */
  listen(): Promise<void>
  /** Passes nothing and closes nothing, on old and new connections, like an Engine that hangs. */
  freeze(): void
}

/** A Unix socket in front of the Docker socket, to cause faults. Removed after the test. */
export async function socketProxy(t: ExecutionContext<unknown>, target = engineSocket()): Promise<SocketProxy> {
  const folder = await mkdtemp(join(tmpdir(), 'shtest-proxy-'))
  const path = join(folder, 'docker.sock')
  const pairs = new Set<[Socket, Socket]>()
  let isFrozen = false

  const server = createServer((client) => {
    const pair: [Socket, Socket] = [client, connect(target)]
    const drop = (): void => {
      pairs.delete(pair)
      for (const socket of pair) socket.destroy()
    }
    pairs.add(pair)
    for (const socket of pair) socket.on('error', drop).on('close', drop)
    if (isFrozen) return swallow(pair)
    client.pipe(pair[1])
    pair[1].pipe(client)
  })
  const cut = (): void => pairs.forEach(([client]) => client.destroy())
  const proxy: SocketProxy = {
    path,
    connections: () => pairs.size,
    cut,
    close: () => new Promise((resolve) => (server.close(() => resolve()), cut())),
    listen: () => new Promise((resolve) => server.listen(path, resolve)),
    freeze() {
      isFrozen = true
      pairs.forEach(swallow)
    },
  }
  await proxy.listen()
  t.teardown(async () => {
    if (server.listening) await proxy.close()
    await rm(folder, { recursive: true, force: true })
  })
  return proxy
}

/** Keeps reading and discards the data, so that the socket notices when the other side leaves. */
function swallow(pair: [Socket, Socket]): void {
  for (const socket of pair) socket.unpipe().resume()
}
