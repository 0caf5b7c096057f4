import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { parseImage } from '../../api/image-reference.ts'
import { proxiesOf } from '../../api/proxies.ts'
import type { InsecureRegistries } from '../../api/docker/engine.types.ts'
import { createInsecureRegistries } from '../../api/registries/insecure-registries.ts'
import { createRegistryBudget } from '../../api/registries/registry-budget.ts'
import { createRegistryClient } from '../../api/registries/registry-client.ts'
import { RegistryError } from '../../api/registries/registry-error.ts'
import { createRegistryHttp } from '../../api/registries/registry-http.ts'
import type { Login } from '../../api/registries/registry-tokens.ts'
import { pushIndex, pushPlainImage, registryLogin, startRegistry } from '../helpers/docker-registry.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { askForToken, registryProxy } from '../helpers/registry-proxy.ts'

const amd64 = 'linux/amd64'

/** A client with a clock of its own, with turns for everything that a test asks. */
function clientFor(t: ExecutionContext<unknown>, login: Login | null = null) {
  const clock = createManualClock()
  const http = createRegistryHttp({ clock, userAgent: 'selfhostly/test', proxies: proxiesOf({}) })
  t.teardown(http.stop)
  const budget = createRegistryBudget({ clock, rate: { perSecond: 1000, burst: 1000 } })
  const client = createRegistryClient({ http, budget, clock, loginFor: () => login })
  const latest = (image: string, present: string[] = [], platform = amd64) => {
    const parsed = parseImage(image)
    if (!parsed) throw new Error(`${image} is no image`)
    return client.latest(parsed, platform, present)
  }
  return { clock, budget, client, latest }
}

/** A registry behind a proxy that writes down what is asked. */
async function registryBehindProxy(t: ExecutionContext<unknown>, options?: { withLogin?: boolean }) {
  const registry = await startRegistry(t, options)
  const proxy = await registryProxy(t, registry)
  const lines = () => proxy.asked.splice(0).map(({ line }) => line)
  return { registry, proxy, lines }
}

test('a tag that names what the node has costs one HEAD, and the next one is conditional', async (t) => {
  const { registry, proxy, lines } = await registryBehindProxy(t)
  const { digest } = await pushIndex(registry, 'a/app', 'v1', { amd64: 'one', arm64: 'one' })
  const { latest } = clientFor(t)
  t.deepEqual(await latest(`${proxy.host}/a/app:v1`, [digest]), { digest, same: [digest] })
  t.deepEqual(lines(), ['HEAD /v2/a/app/manifests/v1'])
  const conditions: (string | undefined)[] = []
  proxy.instead = ({ headers }) => void conditions.push(headers['if-none-match'])
  t.deepEqual(await latest(`${proxy.host}/a/app:v1`, [digest]), { digest, same: [digest] })
  t.deepEqual(conditions, [`"${digest}"`])
})

test('an index that changed for other platforms only is the same image here, and is fetched once', async (t) => {
  const { registry, proxy, lines } = await registryBehindProxy(t)
  const older = await pushIndex(registry, 'app', 'v1', { amd64: 'one', arm64: 'one' })
  const newer = await pushIndex(registry, 'app', 'v1', { amd64: 'one', arm64: 'two' })
  const { latest } = clientFor(t)
  const here = await latest(`${proxy.host}/app:v1`, [older.digest])
  t.deepEqual(here, { digest: newer.digest, same: [newer.digest, older.of['amd64'] ?? '', older.digest] })
  t.deepEqual(lines(), ['HEAD /v2/app/manifests/v1', `GET /v2/app/manifests/${newer.digest}`, `GET /v2/app/manifests/${older.digest}`])
  const onArm = await latest(`${proxy.host}/app:v1`, [older.digest], 'linux/arm64/v8')
  t.deepEqual(onArm.same, [newer.digest, newer.of['arm64'] ?? ''])
  t.deepEqual(lines(), ['HEAD /v2/app/manifests/v1'], 'digests never change what they name')
  const byManifest = await latest(`${proxy.host}/app:v1`, [newer.of['amd64'] ?? ''])
  t.true(byManifest.same.includes(newer.of['amd64'] ?? ''), 'a node may know the image by the digest of its platform')
})

test('an image of one platform has one digest', async (t) => {
  const { registry, proxy, lines } = await registryBehindProxy(t)
  const older = await pushPlainImage(registry, 'app', 'v1', 'one')
  const digest = await pushPlainImage(registry, 'app', 'v1', 'two')
  const { latest } = clientFor(t)
  t.deepEqual(await latest(`${proxy.host}/app:v1`, [older]), { digest, same: [digest] })
  t.deepEqual(lines(), ['HEAD /v2/app/manifests/v1', `GET /v2/app/manifests/${older}`])
})

test('GET follows only where HEAD is refused or has no digest', async (t) => {
  const { registry, proxy, lines } = await registryBehindProxy(t)
  const { digest } = await pushIndex(registry, 'app', 'v1', { amd64: 'one' })
  const { latest } = clientFor(t)
  proxy.without = ['docker-content-digest']
  t.is((await latest(`${proxy.host}/app:v1`, [digest])).digest, digest)
  t.deepEqual(lines(), ['HEAD /v2/app/manifests/v1', 'GET /v2/app/manifests/v1'])
  proxy.without = []
  proxy.instead = ({ method }, answer) => {
    if (method !== 'HEAD') return undefined
    answer.writeHead(405).end()
    return true
  }
  t.is((await clientFor(t).latest(`${proxy.host}/app:v1`, [digest])).digest, digest)
  t.deepEqual(lines(), ['HEAD /v2/app/manifests/v1', 'GET /v2/app/manifests/v1'])
})

test('a token is asked for with the scope of the image, whatever the registry says, and used again', async (t) => {
  const { registry, proxy, lines } = await registryBehindProxy(t)
  const { digest } = await pushIndex(registry, 'a/app', 'v1', { amd64: 'one' })
  proxy.instead = askForToken(() => proxy.host, registryLogin)
  const { latest, clock } = clientFor(t, registryLogin)
  const token = 'GET /token?service=test&scope=repository%3Aa%2Fapp%3Apull'
  t.is((await latest(`${proxy.host}/a/app:v1`, [digest])).digest, digest)
  t.deepEqual(lines(), ['HEAD /v2/a/app/manifests/v1', token, 'HEAD /v2/a/app/manifests/v1'])
  await latest(`${proxy.host}/a/app:v1`, [digest])
  t.deepEqual(lines(), ['HEAD /v2/a/app/manifests/v1'])
  clock.advance(300_000)
  await latest(`${proxy.host}/a/app:v1`, [digest])
  t.true(lines().includes(token), 'it is valid for 300 s')
  const refused = await t.throwsAsync(clientFor(t, { ...registryLogin, password: 'wrong' }).latest(`${proxy.host}/a/app:v1`), {
    instanceOf: RegistryError,
    message: /refuses a\/app to the user someone \(401\)/,
  })
  t.false(refused.message.includes('wrong'))
})

test('a registry with a password opens with it, and says who was refused', async (t) => {
  const host = await startRegistry(t, { withLogin: true })
  const digest = await pushPlainImage(host, 'app', 'v1', 'one')
  t.is((await clientFor(t, registryLogin).latest(`${host}/app:v1`)).digest, digest)
  await t.throwsAsync(clientFor(t).latest(`${host}/app:v1`), { message: /refuses app without a login \(401\).*An administrator can enter/ })
  await t.throwsAsync(clientFor(t, { ...registryLogin, password: 'wrong' }).latest(`${host}/app:v1`), { message: /to the user someone/ })
})

test('a login goes to the registry only, not to where it redirects', async (t) => {
  const { registry, proxy } = await registryBehindProxy(t)
  const other = await registryProxy(t, registry)
  const { digest } = await pushIndex(registry, 'app', 'v1', { amd64: 'one' })
  proxy.instead = ({ url, headers }, answer) => {
    if (headers.authorization) answer.writeHead(307, { location: `http://${other.host}${url}` }).end()
    else answer.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end()
    return true
  }
  t.is((await clientFor(t, registryLogin).latest(`${proxy.host}/app:v1`, [digest])).digest, digest)
  t.true(proxy.asked.some(({ authorization }) => authorization?.startsWith('Basic ')))
  t.deepEqual(other.asked, [{ line: 'HEAD /v2/app/manifests/v1', authorization: undefined }])
  proxy.instead = ({ url }, answer) => {
    answer.writeHead(302, { location: `http://${proxy.host}${url}` }).end()
    return true
  }
  await t.throwsAsync(clientFor(t).latest(`${proxy.host}/app:v1`), { message: /redirects more than 3 times/ })
})

test('what a registry asks of its callers is obeyed and shown', async (t) => {
  const { registry, proxy, lines } = await registryBehindProxy(t)
  const { digest } = await pushIndex(registry, 'app', 'v1', { amd64: 'one' })
  const { latest, clock, budget } = clientFor(t)
  const image = `${proxy.host}/app:v1`
  proxy.headers = { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '76;w=21600' }
  await latest(image, [digest])
  t.deepEqual(budget.states(), [
    { registry: proxy.host, rateLimit: { limit: 100, remaining: 76, windowSeconds: 21_600, asOf: clock.now() }, pausedUntil: null },
  ])
  proxy.instead = (_request, answer) => {
    answer.writeHead(429, { 'retry-after': '120' }).end()
    return true
  }
  const until = new Date(clock.now().getTime() + 120_000)
  const limited = await t.throwsAsync(latest(image, [digest]), { instanceOf: RegistryError })
  t.deepEqual([limited.kind, limited.retryAt], ['limited', until])
  lines()
  proxy.instead = undefined
  await t.throwsAsync(latest(image, [digest]), { message: `${proxy.host} asks to wait until ${until.toISOString()}` })
  t.deepEqual(lines(), [], 'it is not asked meanwhile')
  clock.advance(120_000)
  t.is((await latest(image, [digest])).digest, digest)
})

test('a registry that says no time gets twice as long each time', async (t) => {
  const { proxy } = await registryBehindProxy(t)
  const { latest, clock } = clientFor(t)
  proxy.instead = (_request, answer) => {
    answer.writeHead(429).end()
    return true
  }
  const waits: number[] = []
  for (let i = 0; i < 3; i += 1) {
    const error = await t.throwsAsync(latest(`${proxy.host}/app:v1`), { instanceOf: RegistryError })
    const wait = (error.retryAt?.getTime() ?? 0) - clock.now().getTime()
    waits.push(wait / 1000)
    clock.advance(wait)
  }
  t.deepEqual(waits, [60, 120, 240])
})

test('the last requests before a limit are left for pulls', async (t) => {
  const { registry, proxy, lines } = await registryBehindProxy(t)
  const older = await pushIndex(registry, 'app', 'v1', { amd64: 'one' })
  await pushIndex(registry, 'app', 'v1', { amd64: 'two' })
  proxy.headers = { 'ratelimit-remaining': '3;w=21600' }
  const { latest } = clientFor(t)
  const error = await t.throwsAsync(latest(`${proxy.host}/app:v1`, [older.digest]), { instanceOf: RegistryError })
  t.is(error.kind, 'limited')
  t.deepEqual(lines(), ['HEAD /v2/app/manifests/v1'], 'a HEAD does not count at Docker Hub')
})

test('an answer that is too long, wrong or missing is an error that says so', async (t) => {
  const { registry, proxy } = await registryBehindProxy(t)
  const { digest } = await pushIndex(registry, 'app', 'v1', { amd64: 'one' })
  const image = `${proxy.host}/app:v1`
  const get = (body: string) => {
    proxy.instead = ({ method }, answer) => {
      if (method !== 'GET') return undefined
      answer.end(body)
      return true
    }
  }
  get('x'.repeat(1024 * 1024 + 1))
  await t.throwsAsync(clientFor(t).latest(image, ['sha256:other']), { message: /more than 1024 KiB/ })
  get('{}')
  t.not(`sha256:${createHash('sha256').update('{}').digest('hex')}`, digest)
  await t.throwsAsync(clientFor(t).latest(image, ['sha256:other']), { message: /answered with something else than sha256:/ })
  proxy.instead = undefined
  await t.throwsAsync(clientFor(t).latest(`${proxy.host}/app:v9`), { message: `${proxy.host} has no app:v9` })
  await t.throwsAsync(clientFor(t).latest(image, [], 'linux/s390x'), { message: /does not exist for linux\/s390x/ })
  proxy.instead = (_request, answer) => {
    answer.writeHead(502).end()
    return true
  }
  const broken = await t.throwsAsync(clientFor(t).latest(image), { instanceOf: RegistryError })
  t.is(broken.kind, 'unreachable')
})

test('no registry is at an address of metadata services', async (t) => {
  const { latest } = clientFor(t)
  await t.throwsAsync(latest('169.254.169.254/a/b'), { message: /is an address where no registry can be/ })
  await t.throwsAsync(latest('metadata.google.internal/a/b'), { message: /is an address where no registry can be/ })
})

test('only a registry on this machine is asked without TLS', async (t) => {
  const asked: string[] = []
  const refuse = ({ url }: { url: URL }) => {
    asked.push(url.origin)
    return Promise.reject(new RegistryError('unreachable', 'no answer'))
  }
  const clock = createManualClock()
  const budget = createRegistryBudget({ clock })
  const http = { ask: refuse, stop: () => Promise.resolve() }
  const client = createRegistryClient({ http, budget, clock, loginFor: () => null, mayBePlain: (registry) => registry === 'lan:5000' })
  for (const image of ['nginx', 'ghcr.io/a/b', 'example.com:5000/a', 'localhost:5000/a', '127.0.0.1/a', 'lan:5000/a']) {
    await t.throwsAsync(client.latest(parseImage(image) ?? t.fail(), amd64, []))
  }
  t.deepEqual(asked, [
    ...['https://registry-1.docker.io', 'https://ghcr.io', 'https://example.com:5000'],
    ...['https://localhost:5000', 'http://localhost:5000', 'https://127.0.0.1', 'http://127.0.0.1', 'https://lan:5000', 'http://lan:5000'],
  ])
})

test('the Engine says which other registries may be asked without TLS, by name and by network', async (t) => {
  const clock = createManualClock()
  let list: InsecureRegistries = { names: ['lan:5000'], networks: ['10.0.0.0/8', 'fd00::/8', 'nonsense'] }
  let reads = 0
  const mayBePlain = createInsecureRegistries({
    clock,
    async read() {
      reads += 1
      if (reads === 3) throw new Error('Docker is away')
      return list
    },
  })
  const plain = async (): Promise<string[]> => {
    const names = ['lan:5000', 'lan:5001', '10.1.2.3:5000', '11.1.2.3', '[fd00::1]:5000', 'localhost:5000']
    const each = await Promise.all(names.map(async (name) => ((await mayBePlain(name)) ? name : [])))
    return each.flat()
  }
  t.deepEqual(await plain(), ['lan:5000', '10.1.2.3:5000', '[fd00::1]:5000'])
  list = { names: [], networks: ['127.0.0.0/8'] }
  t.is(reads, 1)
  clock.advance(60_000)
  t.deepEqual(await plain(), ['localhost:5000'], 'by the addresses of its name')
  clock.advance(60_000)
  t.deepEqual(await plain(), ['localhost:5000'], 'while Docker is away, the list before is used')
})

test('a registry is asked through the proxy of the environment, unless it is excepted or on this machine', async (t) => {
  const registry = await startRegistry(t)
  const digest = await pushPlainImage(registry, 'app', 'v1', 'one')
  const through: string[] = []
  const proxy = createServer().on('connect', ({ url = '' }, socket, head) => {
    through.push(url)
    if (!url.endsWith(':80')) return socket.end('HTTP/1.1 502 No\r\n\r\n')
    const [host, port] = registry.split(':')
    const to = connect(Number(port), host)
    to.on('error', () => socket.destroy())
    socket.on('error', () => to.destroy())
    to.once('connect', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      to.write(head)
      socket.pipe(to).pipe(socket)
    })
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  t.teardown(() => proxy.close())
  const { port } = proxy.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const clock = createManualClock()
  const http = createRegistryHttp({
    clock,
    userAgent: 'selfhostly/test',
    proxies: proxiesOf({ HTTP_PROXY: url, HTTPS_PROXY: url, NO_PROXY: 'direct.invalid' }),
  })
  t.teardown(http.stop)
  const budget = createRegistryBudget({ clock, rate: { perSecond: 1000, burst: 1000 } })
  const client = createRegistryClient({ http, budget, clock, loginFor: () => null, mayBePlain: () => true })
  const latest = (image: string) => client.latest(parseImage(image) ?? t.fail(), amd64, [])
  t.is((await latest('registry.invalid/app:v1')).digest, digest)
  t.deepEqual(through, ['registry.invalid:443', 'registry.invalid:80'])
  await t.throwsAsync(latest('direct.invalid/app:v1'), { message: /could not be reached/ })
  t.is((await latest(`${registry}/app:v1`)).digest, digest)
  t.is(through.length, 2)
})

test('a registry in silence is given up after 15 s', async (t) => {
  const { proxy } = await registryBehindProxy(t)
  const { latest, clock } = clientFor(t)
  proxy.instead = () => {
    clock.advance(15_000)
    return true
  }
  await t.throwsAsync(latest(`${proxy.host}/app:v1`), { message: /could not be reached: no answer within 15 s/ })
})

test('more requests than a registry should get at once wait for their turn', async (t) => {
  const { registry, proxy } = await registryBehindProxy(t)
  const digest = await pushPlainImage(registry, 'app', 'v1', 'one')
  const clock = createManualClock()
  const http = createRegistryHttp({ clock, userAgent: 'selfhostly/test', proxies: proxiesOf({}) })
  t.teardown(http.stop)
  const budget = createRegistryBudget({ clock, rate: { perSecond: 1, burst: 2 } })
  const question = { method: 'HEAD', headers: {}, authorization: null, mostBytes: 1000 } as const
  const url = new URL(`http://${proxy.host}/v2/app/manifests/${digest}`)
  let most = 0
  let now = 0
  const ask = async () => {
    most = Math.max(most, (now += 1))
    return http.ask({ ...question, url }).finally(() => (now -= 1))
  }
  const all = Array.from({ length: 5 }, () => budget.run('registry', ask))
  await Promise.race(all)
  await all[1]
  t.is(proxy.asked.length, 2)
  for (let i = 2; i < 5; i += 1) {
    clock.advance(1000)
    await all[i]
    t.is(proxy.asked.length, i + 1)
  }
  t.true(most <= 3)
})
