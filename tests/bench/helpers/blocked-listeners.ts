import { connect, createServer, type AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Worker as Thread, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { answer } from './worker.ts'

// Listens at addresses and never accepts: the thread that would is blocked for good. Once the backlog is full, the kernel
// drops whatever else knocks, as a firewall does. The main thread fills the backlogs and stays able to end.

/** Linux keeps one connection more than the backlog says; some more are left knocking. */
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
  // The first of them are in the backlog after one turn through the loopback device.
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
