import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { faultProxy, localWays, type FaultProxy, type ProxyWays } from './fault-proxy.ts'
import { createNamespace, ip, openSocketsIn, removeLeftBehind, type Namespace, type NamespaceSockets } from './namespaces.ts'
import type { TestContext } from './test-context.ts'

/** Where a test's process runs. */
export interface Place {
  /** Prefix for a command that runs there. */
  command: string[]
  /** The address to listen on, reachable by the other side. */
  listenHost: string
  /** How this test reaches a port of 127.0.0.1 there: a URL without path. */
  doorTo: (port: number) => Promise<string>
}

/** A host whose network can be broken, one fault at a time. */
export interface FaultyHost extends Place {
  /** What breaks the network: kernel packet filters, or a proxy with the same effect on connections. */
  by: 'iptables' | 'proxy'
  /** How the primary reaches a port of this host: a URL without path. */
  endpoint: (port: number) => Promise<string>
  /** How this host reaches a port of the primary. */
  primaryUrl: (port: number) => Promise<string>
  /** Silently drops everything sent to or from it. */
  drop: () => Promise<void>
  /** Answers everything sent to or from it with a reset. */
  reset: () => Promise<void>
  /** Drops this share of the packets (0 to 1) in each direction. */
  lose: (share: number) => Promise<void>
  heal: () => Promise<void>
}

/** A host behind a proxy in each direction. */
export interface ProxiedHost extends FaultyHost {
  /** Does the same to both directions. */
  each: (fault: (proxy: FaultProxy) => void) => void
  /** When this host called the primary to announce itself, in `performance.now()` time. */
  callsAt: () => number[]
}

export interface Network {
  by: 'namespaces' | 'proxies'
  /** The primary's place. */
  primary: Place
  /** A separate host, in its own namespace if namespaces are available. */
  host: () => Promise<FaultyHost>
  /** A host with faults that only a proxy can cause: latency, stalls, half-open connections. */
  proxiedHost: () => ProxiedHost
}

/** The process runs in the test's own network. */
export const here: Place = { command: [], listenHost: '127.0.0.1', doorTo: (port) => Promise.resolve(`http://127.0.0.1:${port}`) }

/** A network for a primary and its nodes, separate from the machine's if possible. Removed after the test. */
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
    // Both ends are in the primary's namespace, with this process in between.
    proxiedHost: () => hostBehindProxies(t, { ...primary, listenHost: '127.0.0.1' }, ways),
  }
}

/** @param waysTo how a proxy listens at the primary and at the node, and reaches ports there */
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

/** A heartbeat or the opening of a link. */
const isCall = /\/heartbeat$|\/link$/

/** A namespace with a virtual cable to the primary's. Each end filters incoming packets, so all faults are on the cable. */
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
    // Let the resets themselves through.
    reset: () => fault('-p', 'tcp', '!', '--tcp-flags', 'RST', 'RST', '-j', 'REJECT', '--reject-with', 'tcp-reset'),
    lose: (share) => fault('-m', 'statistic', '--mode', 'random', '--probability', String(share), '-j', 'DROP'),
    heal,
  }
}

/** A port in the test's own network that forwards to another network. */
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
        // It closed, perhaps with the door, while the other side was being opened: nobody else would close that.
        if (outside.destroyed) return void inside.destroy()
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
