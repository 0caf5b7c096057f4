import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { faultProxy, localWays } from '../helpers/fault-proxy.ts'
import { nodeProcess } from '../helpers/node-process.ts'
import { proxiedNetwork, startNetwork, type FaultyHost, type Network } from '../helpers/network.ts'

// The network tests rely on this: the network breaks the way they ask and works again afterwards.

/** Echoes every byte. */
async function echo(t: ExecutionContext): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket.on('error', () => undefined))
    socket.pipe(socket)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    server.close()
    sockets.forEach((socket) => socket.destroy())
  })
  return (server.address() as AddressInfo).port
}

async function proxiedEcho(t: ExecutionContext) {
  const proxy = await faultProxy(t, localWays(await echo(t)))
  const open = (): Socket => {
    const socket = connect(proxy.port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    return socket
  }
  return { proxy, open }
}

const failure = async (socket: Socket): Promise<string | undefined> =>
  ((await once(socket.resume(), 'error')) as [NodeJS.ErrnoException])[0].code

test('a slow proxy keeps the order and adds its delay each way', async (t) => {
  const { proxy, open } = await proxiedEcho(t)
  proxy.delay(60, 50)
  const socket = open()
  const began = performance.now()
  const words = Array.from({ length: 40 }, (_, index) => `word ${index}\n`)
  for (const word of words) {
    socket.write(word)
    await new Promise((resolve) => setImmediate(resolve))
  }
  socket.end()
  t.is(await text(socket), words.join(''))
  const tookMs = performance.now() - began
  t.true(tookMs >= 110, `${tookMs} ms for both ways`)
})

test('a narrow or lossy proxy is slow but loses nothing', async (t) => {
  const { proxy, open } = await proxiedEcho(t)
  const sent = 'x'.repeat(40_000)
  const timeOf = async (): Promise<number> => {
    const began = performance.now()
    t.is(await text(open().end(sent)), sent)
    return performance.now() - began
  }
  proxy.throttle(200_000)
  t.true((await timeOf()) >= 200)
  await proxy.heal()
  proxy.lose(0.2)
  t.true((await timeOf()) >= 200, 'at least one packet was sent again')
  await proxy.heal()
  t.true((await timeOf()) < 200)
})

test('a stalled proxy passes everything on afterwards, including the end of a connection', async (t) => {
  const { proxy, open } = await proxiedEcho(t)
  const socket = open()
  socket.write('before ')
  await once(socket, 'readable')
  proxy.stall()
  socket.end('during')
  const waiting = open().end('another')
  // A third connection shows that the proxy has had its turns.
  while (proxy.acceptedAt.length < 2) await new Promise((resolve) => setImmediate(resolve))
  t.is((socket.read() as Buffer).toString(), 'before ')
  t.is(socket.read(), null)
  proxy.resume()
  t.is(await text(socket), 'during')
  t.is(await text(waiting), 'another')
})

test('cut resets a connection and accepts new ones; resetAll resets new ones too; refuse stops listening', async (t) => {
  const { proxy, open } = await proxiedEcho(t)
  const cut = open()
  cut.write('x')
  await once(cut, 'data')
  const reset = failure(cut)
  proxy.cut()
  t.is(await reset, 'ECONNRESET')
  t.is(await text(open().end('new')), 'new')
  proxy.resetAll()
  t.is(await failure(open()), 'ECONNRESET')
  t.is(proxy.acceptedAt.length, 3)
  proxy.refuse()
  t.is(await failure(open()), 'ECONNREFUSED')
  await proxy.heal()
  t.is(await text(open().end('healed')), 'healed')
})

test('a half-open connection is silent and does not come back', async (t) => {
  const { proxy, open } = await proxiedEcho(t)
  const old = open()
  old.write('x')
  await once(old, 'data')
  const heard: unknown[] = []
  for (const event of ['data', 'end', 'error', 'close']) old.on(event, () => heard.push(event))
  proxy.halfOpen()
  old.write('lost')
  await proxy.heal()
  t.is(await text(open().end('new')), 'new')
  old.end('also lost')
  t.is(await text(open().end('newer')), 'newer')
  t.deepEqual(heard, [])
})

const networks: Record<string, (t: ExecutionContext) => Promise<Network>> = {
  'a network of namespaces, if available,': startNetwork,
  'a network of proxies': (t) => Promise.resolve(proxiedNetwork(t)),
}

for (const [name, start] of Object.entries(networks))
  test(`${name} is silent, resets, loses packets and heals`, async (t) => {
    const network = await start(t)
    const primary = await nodeProcess(t, { NODE_NAME: 'primary' }, network.primary)
    await primary.start()
    const host = await network.host()
    const proxied = network.proxiedHost()
    t.is((await fetch(`${primary.url}/api/health`)).status, 200, "the test runs on the primary's machine")
    const ask = await asker(t, host, primary.port)
    t.is(await ask(), 200)
    await host.drop()
    t.is(await ask(300), 'TimeoutError')
    await host.heal()
    t.is(await ask(), 200)
    await host.reset()
    t.regex(String(await ask()), /ECONNRESET|ECONNREFUSED|socket hang up/)
    await host.lose(0.05)
    for (let call = 0; call < 4; call++) t.is(await ask(), 200)
    await host.heal()

    const through = await proxied.primaryUrl(primary.port)
    const askThrough = await asker(t, proxied, primary.port, through)
    t.is(await askThrough(), 200)
    proxied.each((proxy) => proxy.halfOpen())
    t.is(await askThrough(300), 'TimeoutError')
    await proxied.heal()
    t.is(await askThrough(), 200)
    t.notRegex(await ownNetwork(), /\bnode\d|10\.77\./, "the machine's own network is untouched")
  })

/** Calls the primary from a host, with a new process there for each call. @returns the status, or what failed */
async function asker(t: ExecutionContext, host: FaultyHost, port: number, known?: string) {
  const url = `${known ?? (await host.primaryUrl(port))}/api/health`
  const program = `fetch('${url}', { signal: AbortSignal.timeout(+process.argv[1]) }).then(
    (response) => console.log(response.status), (error) => console.log(error.cause?.code ?? error.name))`
  t.log(`${host.by}: ${url}`)
  return async (withinMs = 10_000): Promise<number | string> => {
    const [command = '', ...options] = [...host.command, process.execPath, '-e', program, String(withinMs)]
    const { stdout } = await promisify(execFile)(command, options)
    return Number(stdout) || stdout.trim()
  }
}

/** The machine's links and addresses. Docker can change them for other tests at the same time. */
async function ownNetwork(): Promise<string> {
  const { stdout } = await promisify(execFile)('ip', ['-oneline', '-brief', 'address']).catch(() => ({ stdout: '' }))
  return stdout
}
