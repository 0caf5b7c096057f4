import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { makeCertificate, type Certificate } from '../helpers/certificate.ts'
import { eventually, followNodes, nodeFields, type SeenNode } from '../helpers/cluster.ts'
import { dataFolder } from '../helpers/data-folder.ts'
import { freePort } from '../helpers/free-port.ts'
import { ask, follow, type Server } from '../helpers/graphql.ts'
import { guideProxies, type Site } from '../helpers/guide-proxies.ts'
import { nodeProcess, type NodeProcess } from '../helpers/node-process.ts'
import { startCaddy, startNginx, type StartProxy } from '../helpers/reverse-proxy.ts'

// A primary and a secondary, each behind a proxy that is set up as in the guide.

interface Way {
  program: 'nginx' | 'caddy'
  start: StartProxy
  /** The part of the proxy's configuration that holds the password. */
  login: (folder: string) => Promise<string>
}

const login = { authorization: `Basic ${Buffer.from('admin:secret').toString('base64')}` }

const nginx: Way = {
  program: 'nginx',
  start: startNginx,
  login(folder) {
    const file = join(folder, 'htpasswd')
    writeFileSync(file, 'admin:{PLAIN}secret\n')
    return Promise.resolve(file)
  },
}
const caddy: Way = {
  program: 'caddy',
  start: startCaddy,
  login: async () => (await promisify(execFile)('caddy', ['hash-password', '--plaintext', 'secret'])).stdout.trim(),
}

for (const way of [nginx, caddy])
  for (const scheme of way.program === 'nginx' ? (['https', 'http'] as const) : (['https'] as const))
    test.serial(`behind ${way.program} as in the guide, over ${scheme}, the dashboard and the nodes get all updates`, (t) =>
      behindProxies(t, way, scheme),
    )

async function behindProxies(t: ExecutionContext, way: Way, scheme: 'http' | 'https'): Promise<void> {
  const { primary, secondary, dashboard, reload } = await startBehind(t, way, scheme)
  await strangersStayOut(t, dashboard)

  const nodes = followNodes(t, dashboard)
  await nodes.first(({ name, status }) => name === 'primary' && status === 'ONLINE')
  const id = await registerAt(dashboard, secondary)
  await nodes.first((node) => node.id === id && node.status === 'ONLINE')
  await secondary.logged('startup heartbeat sent successfully to primary')
  const sessions = follow<{ id: string; session: { transport: string } | null }>(
    t,
    dashboard,
    'subscription { nodeStatusChanged { id session { transport } } }',
  )
  await sessions.first((node) => node.id === id && node.session?.transport === 'LINK')
  // These arrive over the node's event stream, which a buffering proxy would hold back.
  const stats = follow<{ nodeId: string }>(t, dashboard, 'subscription ($id: ID!) { nodeStats(nodeId: $id) { nodeId state asOf } }', { id })
  await stats.first(({ nodeId }) => nodeId === id)

  await reload()
  const afterReload = followNodes(t, dashboard)
  await afterReload.first((node) => node.id === id && node.status === 'ONLINE')
  await secondary.stop()
  const offline = await afterReload.first((node) => node.id === id && node.status === 'OFFLINE')
  t.regex(offline.statusReason ?? '', /502/, 'from the proxy, with nothing behind it')
  const from = afterReload.values.length
  await secondary.start()
  await afterReload.first((node) => node.id === id && node.status === 'ONLINE', { from })
  const changes = () =>
    primary.log.values.filter(({ msg, node }) => msg === 'node status changed' && node === 'secondary').map(({ to }) => to)
  // Log lines and subscription events arrive separately.
  await eventually(
    () => Promise.resolve(changes().length),
    (count) => count >= 3,
  )
  t.deepEqual(changes(), ['online', 'offline', 'online'], 'it was offline only while it was down')
}

async function startBehind(t: ExecutionContext, way: Way, scheme: 'http' | 'https') {
  const folder = dataFolder(t)
  const tls = scheme === 'https' ? await makeCertificate(folder) : undefined
  if (tls) trust(t, tls)
  const password = await way.login(folder)
  const [port, secondaryPort] = [await freePort(), await freePort()]
  const dashboard: Server = { url: `${scheme}://localhost:${port}`, headers: login }
  const endpoint = `${scheme}://localhost:${secondaryPort}`
  const common = { ...(tls && { NODE_EXTRA_CA_CERTS: tls.ca }) }
  const primary = await nodeProcess(t, {
    ...common,
    NODE_NAME: 'primary',
    AUTH_ENABLED: 'false',
    AUTH_BASE_URL: dashboard.url,
    NODE_API_ENDPOINT: dashboard.url,
  })
  const secondary = await nodeProcess(t, {
    ...common,
    NODE_NAME: 'secondary',
    NODE_IS_PRIMARY: 'false',
    NODE_API_ENDPOINT: endpoint,
    PRIMARY_NODE_URL: dashboard.url,
  })
  const sites = guideProxies[way.program]
  const site = (of: NodeProcess, at: number): Site => ({ port: at, target: of.port, tls })
  const config = `${sites.primary(site(primary, port), password)}\n${sites.secondary(site(secondary, secondaryPort))}`
  const proxy = await way.start(t, config)
  await Promise.all([primary.start(), secondary.start()])
  return { primary, secondary: { ...secondary, url: endpoint }, dashboard, reload: () => proxy.reload(config) }
}

/** Makes this process trust the certificate until the test ends. */
function trust(t: ExecutionContext, { ca }: Certificate): void {
  const before = getCACertificates('default')
  setDefaultCACertificates([...before, readFileSync(ca, 'utf8')])
  t.teardown(() => setDefaultCACertificates(before))
}

async function strangersStayOut(t: ExecutionContext, { url }: Server): Promise<void> {
  t.is((await fetch(`${url}/`)).status, 401)
  t.is((await fetch(`${url}/api/nodes`)).status, 401)
  t.is((await fetch(`${url}/api/health`)).status, 200)
  const internal = await fetch(`${url}/api/internal/system/stats`)
  t.is(internal.status, 401)
  t.like(await internal.json(), { title: 'Invalid API key' }, 'the node itself refuses callers that are not nodes')
}

async function registerAt(dashboard: Server, secondary: NodeProcess): Promise<string> {
  const { id, name, key } = await secondary.identity()
  const { registerNode } = await ask<{ registerNode: SeenNode }>(
    dashboard,
    `mutation ($input: RegisterNodeInput!) { registerNode(input: $input) { ${nodeFields} } }`,
    { input: { id, name, apiEndpoint: secondary.url, apiKey: key } },
  )
  return registerNode.id
}
