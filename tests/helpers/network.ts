import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { faultProxy, localWays, type FaultProxy, type ProxyWays } from './fault-proxy.ts'
import { createNamespace, ip, openSocketsIn, removeLeftBehind, type Namespace, type NamespaceSockets } from './namespaces.ts'
import type { TestContext } from './test-context.ts'

/** Where a process of a test runs. */
export interface Place {
  /** Goes before the command that is to run there. */
  command: string[]
  /** The address to listen on, so that whoever should reach it does. */
  listenHost: string
  /** Where this test reaches a port of 127.0.0.1 there: a URL without path. */
  doorTo: (port: number) => Promise<string>
}

/** A host whose network can be broken. One fault at a time. */
export interface FaultyHost extends Place {
  /** What breaks the network: packet filters of the kernel, or a proxy that does what these make of a connection. */
  by: 'iptables' | 'proxy'
  /** Where the primary reaches a port of this host: a URL without path. */
  endpoint: (port: number) => Promise<string>
  /** Where this host reaches a port of the primary's. */
  primaryUrl: (port: number) => Promise<string>
  /** Whatever is sent to or from it disappears without a word. */
  drop: () => Promise<void>
  /** Whatever is sent to or from it is answered by a reset. */
  reset: () => Promise<void>
  /** This share of the packets disappears, each way; 0 to 1. */
  lose: (share: number) => Promise<void>
  heal: () => Promise<void>
}

/** A host behind a proxy in each direction. */
export interface ProxiedHost extends FaultyHost {
  /** To do the same to each direction. */
  each: (fault: (proxy: FaultProxy) => void) => void
  /** When this host called the primary to say that it is there, as of `performance.now()`. */
  callsAt: () => number[]
}

export interface Network {
  by: 'namespaces' | 'proxies'
  /** Where the primary runs. */
  primary: Place
  /** A host of its own: in a namespace of its own where there are namespaces. */
  host: () => Promise<FaultyHost>
  /** A host with faults that only a proxy can make: latency, stalls, half-open connections. */
  proxiedHost: () => ProxiedHost
}

/** The process runs where the test does. */
export const here: Place = { command: [], listenHost: '127.0.0.1', doorTo: (port) => Promise.resolve(`http://127.0.0.1:${port}`) }

/** A network for a primary and its nodes, apart from that of the machine where that can be had. It is gone after the test. */
export async function startNetwork(t: TestContext): Promise<Network> {
  const namespace = await createNamespace().catch((error: Error) => {
    t.log(`No network namespaces, proxies stand in for them: ${error.message.trim()}`)
    return undefined
  })
  return namespace ? namespacedNetwork(t, namespace) : proxiedNetwork(t)
}

export function proxiedNetwork(t: TestContext): Network {
  const proxiedHost = (): ProxiedHost => hostBehindProxies(t, here, localWays)
  return { by: 'proxies', primary: here, host: () => Promise.resolve(proxiedHost()), proxiedHost }
}

async function namespacedNetwork(t: TestContext, namespace: Namespace): Promise<Network> {
  t.teardown(namespace.remove)
  await removeLeftBehind()
  const sockets = openSocketsIn(namespace)
  t.teardown(sockets.end)
  const ways = (target: number): ProxyWays => ({ listen: (port) => sockets.listen(port), connect: () => sockets.connect(target) })
  const doorTo = (port: number): Promise<string> => door(t, () => sockets.connect(port))
  const primary: Place = { command: namespace.command, listenHost: '0.0.0.0', doorTo }
  let hosts = 0
  return {
    by: 'namespaces',
    primary,
    host: () => hostInNamespace(t, namespace, sockets, hosts++),
    // Both ends are in the primary's namespace; this process stands between them.
    proxiedHost: () => hostBehindProxies(t, { ...primary, listenHost: '127.0.0.1' }, ways),
  }
}

/** @param waysTo how a proxy listens where the primary and the node run, and reaches a port there */
function hostBehindProxies(t: TestContext, place: Place, waysTo: (port: number) => ProxyWays): ProxiedHost {
  const proxies: FaultProxy[] = []
  const toPrimary: FaultProxy[] = []
  const through = async (port: number, ...lists: FaultProxy[][]): Promise<string> => {
    const proxy = await faultProxy(t, waysTo(port))
    for (const list of lists) list.push(proxy)
    return `http://127.0.0.1:${proxy.port}`
  }
  const each = (fault: (proxy: FaultProxy) => void): void => proxies.forEach(fault)
  const heal = async (): Promise<void> => void (await Promise.all(proxies.map((proxy) => proxy.heal())))
  const instead = (fault: (proxy: FaultProxy) => void): Promise<void> => heal().then(() => each(fault))
  return {
    ...place,
    by: 'proxy',
    endpoint: (port) => through(port, proxies),
    primaryUrl: (port) => through(port, proxies, toPrimary),
    each,
    callsAt: () => toPrimary.flatMap(({ requests }) => requests.filter(({ line }) => isCall.test(line)).map(({ at }) => at)),
    drop: () => instead((proxy) => proxy.stall()),
    reset: () => instead((proxy) => proxy.resetAll()),
    lose: (share) => instead((proxy) => proxy.lose(share)),
    heal,
  }
}

/** A heartbeat, or a link that is opened. */
const isCall = /\/heartbeat$|\/link$/

/** A namespace with a cable to that of the primary. Each end filters what comes in, so that all faults lie on the cable. */
async function hostInNamespace(t: TestContext, primary: Namespace, sockets: NamespaceSockets, index: number): Promise<FaultyHost> {
  const namespace = await createNamespace()
  t.teardown(namespace.remove)
  const [cable, subnet] = [`node${index}`, `10.77.${index}`]
  await ip('-n', primary.name, 'link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace.name)
  const ends = [
    { ...primary, device: cable, address: `${subnet}.1` },
    { ...namespace, device: 'eth0', address: `${subnet}.2` },
  ]
  for (const { name, device, address } of ends) {
    await ip('-n', name, 'address', 'add', `${address}/24`, 'dev', device)
    await ip('-n', name, 'link', 'set', device, 'up')
  }
  let rule: string[] = []
  const heal = async (): Promise<void> => {
    const old = rule
    rule = []
    if (old.length > 0) await Promise.all(ends.map(({ iptables, device }) => iptables('-D', 'faults', '-i', device, ...old)))
  }
  const fault = async (...next: string[]): Promise<void> => {
    await heal()
    rule = next
    await Promise.all(ends.map(({ iptables, device }) => iptables('-A', 'faults', '-i', device, ...next)))
  }
  return {
    command: namespace.command,
    listenHost: '0.0.0.0',
    doorTo: (port) => door(t, () => sockets.connect(port, `${subnet}.2`)),
    by: 'iptables',
    endpoint: (port) => Promise.resolve(`http://${subnet}.2:${port}`),
    primaryUrl: (port) => Promise.resolve(`http://${subnet}.1:${port}`),
    drop: () => fault('-j', 'DROP'),
    // The resets themselves have to get through.
    reset: () => fault('-p', 'tcp', '!', '--tcp-flags', 'RST', 'RST', '-j', 'REJECT', '--reject-with', 'tcp-reset'),
    lose: (share) => fault('-m', 'statistic', '--mode', 'random', '--probability', String(share), '-j', 'DROP'),
    heal,
  }
}

/** A port of this test's own network that leads into another. */
async function door(t: TestContext, open: () => Promise<Socket>): Promise<string> {
  const sockets = new Set<Socket>()
  const keep = (socket: Socket): Socket => {
    sockets.add(socket)
    return socket.on('error', () => undefined).once('close', () => sockets.delete(socket))
  }
  const server = createServer((outside) => {
    keep(outside)
    open().then(
      (inside) => {
        keep(inside)
        outside.pipe(inside).once('close', () => outside.destroy())
        inside.pipe(outside).once('close', () => inside.destroy())
      },
      () => outside.resetAndDestroy(),
    )
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    server.close()
    sockets.forEach((socket) => socket.destroy())
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
