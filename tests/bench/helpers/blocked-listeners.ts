import { connect, createServer, type AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Worker as Thread, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { answer } from './worker.ts'

// Listens at addresses and never accepts, because the accepting thread is blocked forever. When the backlog is full, the kernel
// drops new connections, like a firewall. The main thread fills the backlogs and can still exit.

/** Linux accepts one connection more than the backlog. A few extra make sure it is full. */
const fillers = 4

/** [address, port] */
type Endpoint = [string, number]

async function listen(address: string): Promise<Endpoint> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: address, port: 0, backlog: 1 }, resolve)
  })
  return [address, (server.address() as AddressInfo).port]
}

async function listenAndBlock(addresses: string[]): Promise<Endpoint[]> {
  const thread = new Thread(fileURLToPath(import.meta.url), { workerData: addresses })
  const endpoints = await new Promise<Endpoint[]>((resolve, reject) => thread.once('message', resolve).once('error', reject))
  for (const [host, port] of endpoints) {
    for (let count = 0; count < fillers; count += 1) connect({ host, port }).on('error', () => undefined)
  }
  // The first ones are in the backlog after one round trip over loopback.
  await new Promise((resolve) => setTimeout(resolve, 200))
  return endpoints
}

export type BlockedListenersApi = { listenAndBlock: typeof listenAndBlock }

if (isMainThread) {
  answer({ listenAndBlock } satisfies BlockedListenersApi)
} else {
  parentPort?.postMessage(await Promise.all((workerData as string[]).map(listen)))
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}
