import test from 'ava'
import { createApp, eventually, followToEnd, twoNodes } from '../helpers/cluster.ts'
import { ensureTestImage, removeProject, uniqueName } from '../helpers/docker.ts'
import { pushRunnable, registryLogin, startRegistry } from '../helpers/docker-registry.ts'
import { ask } from '../helpers/graphql.ts'
import type { NodeProcess } from '../helpers/node-process.ts'
import { registryProxy } from '../helpers/registry-proxy.ts'

interface SeenImages {
  imageUpdates: { state: string; current: string | null; available: string | null; error: string | null }[]
  versions: { nodes: { author: string; outcome: string }[] }
}

const minute = 60_000

test('a login entered on the primary lets a secondary check and pull, also by itself while the primary is away', async (t) => {
  t.timeout(180_000)
  const [registry] = await Promise.all([startRegistry(t, { withLogin: true }), ensureTestImage()])
  // Where only the secondary may be asked about it, and every request is seen.
  const proxy = await registryProxy(t, registry)
  const { primary, worker, id: nodeId } = await twoNodes(t)
  const login =
    'mutation ($registry: String!, $username: String, $password: String) { setRegistryCredential(registry: $registry, username: $username, password: $password) { username } }'
  await ask(primary, login, { registry: proxy.host, ...registryLogin })

  const name = uniqueName()
  t.teardown(() => removeProject(name))
  await pushRunnable(t, `${registry}/${name}:1`, 'one')
  const composeContent = `services:\n  web: { image: "${proxy.host}/${name}:1", network_mode: none }\n`
  const { app, operation } = await createApp(primary, nodeId, { name, composeContent })
  t.is((await followToEnd(t, primary, operation)).last.error, null)

  const seen = async (node: NodeProcess): Promise<SeenImages> => {
    const fields = 'imageUpdates { state current available error } versions(first: 5) { nodes { author outcome } }'
    return (await ask<{ app: SeenImages }>(node, `query ($id: ID!) { app(id: $id) { ${fields} } }`, { id: app.id })).app
  }
  await eventually(
    () => seen(primary),
    ({ imageUpdates }) => imageUpdates[0]?.current !== null && imageUpdates.length === 1,
  )
  await pushRunnable(t, `${registry}/${name}:1`, 'two')
  proxy.asked.length = 0
  await ask(primary, 'mutation ($id: ID!) { checkImages(id: $id) { id } }', { id: app.id })
  const found = await eventually(
    () => seen(primary),
    ({ imageUpdates }) => imageUpdates[0]?.state === 'AVAILABLE',
  )
  t.truthy(found.imageUpdates[0]?.available)
  t.true(proxy.asked.every(({ line }) => /^(HEAD|GET) \/v2\//.test(line)))
  t.true(proxy.asked.some(({ authorization }) => authorization?.startsWith('Basic ')))

  await primary.stop()
  const opened = new Date(Date.now() - 2 * minute)
  const policy = { cron: `${opened.getUTCMinutes()} ${opened.getUTCHours()} * * *`, timeZone: 'UTC', windowMinutes: 6 }
  const automatic =
    'mutation ($id: ID!, $policy: AutoUpdateInput) { setAutoUpdate(id: $id, policy: $policy) { autoUpdate { windowMinutes } } }'
  await ask(worker, automatic, { id: app.id, policy })
  const updated = await eventually(
    () => seen(worker),
    ({ imageUpdates, versions }) => imageUpdates[0]?.state === 'CURRENT' && versions.nodes[0]?.outcome === 'HEALTHY',
    60_000,
  )
  t.is(updated.versions.nodes[0]?.author, 'automatic update')
  t.is(updated.imageUpdates[0]?.current, found.imageUpdates[0]?.available)
  const { audit } = await ask<{ audit: { nodes: { actor: string; via: string; action: string }[] } }>(
    worker,
    '{ audit(filter: { action: "app.update-images" }) { nodes { actor via action } } }',
  )
  t.like(audit.nodes[0], { actor: 'automatic update', via: 'schedule' })
})
