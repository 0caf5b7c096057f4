import Docker from 'dockerode'
import {
  allApps,
  change,
  createApp,
  eventually,
  followToEnd,
  operationFields,
  type SeenApp,
  type SeenOperation,
} from '../helpers/cluster.ts'
import { ask, GraphqlFailure } from '../helpers/graphql.ts'
import { makeToken, newcomer } from '../helpers/join.ts'
import { nodeProcess, type NodeProcess } from '../helpers/node-process.ts'
import type { TestContext } from '../helpers/test-context.ts'
import { apps, grafana, imagesIn, immich } from './apps.ts'
import { makeImages } from './images.ts'

type Labels = Record<string, string>

const primaryName = 'home-server'
const primaryLabels = { site: 'home', env: 'prod' }
const secondaries: [name: string, labels: Labels][] = [
  ['attic-nas', { site: 'home', env: 'prod' }],
  ['pi-kitchen', { site: 'home', env: 'prod', arch: 'arm64' }],
  ['vps-fra1', { site: 'fra', env: 'prod' }],
  ['lab-nuc', { site: 'home', env: 'lab' }],
]
/** So that charts have more than a few points. */
const settings = { STATS_INTERVAL: '5' }
const labelsOf = (labels: Labels) => Object.entries(labels).map(([key, value]) => ({ key, value }))

export interface ShownCluster {
  primary: NodeProcess
  /** Ids by name. */
  nodes: Map<string, string>
  apps: Map<string, string>
}

/** Five nodes and twenty apps, of which most are well. All of it ends with `t`. */
export async function startCluster(t: TestContext): Promise<ShownCluster> {
  await assertFree(apps.map(({ name }) => name))
  t.log('images')
  await makeImages(t, imagesIn([...apps.map(({ compose }) => compose), immich('v2.2.0', false), immich('v2.3.1', true), grafana('12.3.0')]))
  const primary = await nodeProcess(t, { NODE_NAME: primaryName, ...settings })
  await primary.start()
  const processes = new Map<string, NodeProcess>()
  for (const [name, labels] of secondaries) {
    t.log(name)
    processes.set(name, await joined(t, primary, name, labels))
  }
  const nodes = new Map((await allNodes(primary)).map(({ id, name }) => [name, id]))
  await setLabels(primary, nodes.get(primaryName) ?? '', primaryLabels)
  const ids = new Map<string, string>()
  for (const { name, on, description, compose } of apps) {
    t.log(`${name} on ${on}`)
    const nodeId = nodes.get(on) ?? ''
    const created = await patiently(() =>
      createApp(primary, nodeId, { name, composeContent: compose, ...(description ? { description } : {}) }),
    )
    await followToEnd(t, primary, created.operation)
    ids.set(name, created.app.id)
  }
  const cluster = { primary, nodes, apps: ids }
  await changeApps(t, cluster)
  await makeTroubles(t, cluster, processes)
  return cluster
}

/** Asks again where a node was too busy to answer and says that it changed nothing. */
async function patiently<T>(question: () => Promise<T>, times = 3): Promise<T> {
  try {
    return await question()
  } catch (error) {
    if (times > 1 && error instanceof GraphqlFailure && /nothing was changed/.test(error.message)) return patiently(question, times - 1)
    throw error
  }
}

/** @throws if this machine has a Compose project with one of the names, which the end would remove */
async function assertFree(names: string[]): Promise<void> {
  const docker = new Docker()
  const containers = await docker.listContainers({ all: true })
  const { Volumes: volumes } = await docker.listVolumes()
  const projects = [...containers, ...(volumes ?? [])].map(({ Labels }) => Labels?.['com.docker.compose.project'] ?? '')
  const taken = names.filter((name) => projects.includes(name))
  if (taken.length > 0) throw new Error(`This machine runs Compose projects that the pictures would need to replace: ${taken.join(', ')}`)
}

async function joined(t: TestContext, primary: NodeProcess, name: string, labels: Labels): Promise<NodeProcess> {
  const { secret } = await makeToken(primary, { name, labels: labelsOf(labels) })
  const node = await newcomer(t, primary.url, secret, name, settings)
  await node.start()
  const isOnline = (all: Named[]) => all.some((each) => each.name === name && each.status === 'ONLINE')
  await eventually(() => allNodes(primary), isOnline, 60_000)
  return node
}

interface Named {
  id: string
  name: string
  status: string
}

const allNodes = async (primary: NodeProcess): Promise<Named[]> =>
  (await ask<{ nodes: { nodes: Named[] } }>(primary, '{ nodes { nodes { id name status } } }')).nodes.nodes

const setLabels = (primary: NodeProcess, id: string, labels: Labels) =>
  ask(primary, 'mutation ($id: ID!, $input: UpdateNodeInput!) { updateNode(id: $id, input: $input) { id } }', {
    id,
    input: { labels: labelsOf(labels) },
  })

async function update(
  t: TestContext,
  { primary, apps: ids }: ShownCluster,
  name: string,
  input: Record<string, unknown>,
): Promise<SeenOperation> {
  const mutation = `mutation ($id: ID!, $input: UpdateAppInput!) { updateApp(id: $id, input: $input) { operation { ${operationFields} } } }`
  const variables = { id: ids.get(name), input }
  const { updateApp } = await patiently(() => ask<{ updateApp: { operation: SeenOperation } }>(primary, mutation, variables))
  return (await followToEnd(t, primary, updateApp.operation)).last
}

/** Versions of an app, and one that did not become healthy and was rolled back. */
async function changeApps(t: TestContext, cluster: ShownCluster): Promise<void> {
  t.log('updates')
  await update(t, cluster, 'immich', { composeContent: immich('v2.2.0', false), reason: 'Security fixes' })
  await update(t, cluster, 'immich', { composeContent: immich('v2.3.1', true), reason: 'Search by what is in a picture' })
  await update(t, cluster, 'grafana', { composeContent: grafana('12.3.0'), reason: 'New table panel' })
}

/** An app is stopped, a node takes no new apps, another one loses its power. */
async function makeTroubles(
  t: TestContext,
  { primary, nodes, apps: ids }: ShownCluster,
  processes: Map<string, NodeProcess>,
): Promise<void> {
  t.log('troubles')
  await followToEnd(t, primary, await change(primary, 'stopApp', ids.get('mealie') ?? ''))
  await ask(primary, 'mutation ($id: ID!, $reason: String) { cordonNode(id: $id, reason: $reason) { id } }', {
    id: nodes.get('lab-nuc'),
    reason: 'New disk arrives on Friday',
  })
  await invite(primary)
  await processes.get('pi-kitchen')?.kill()
  const isAway = (all: Named[]) => all.some(({ name, status }) => name === 'pi-kitchen' && status !== 'ONLINE')
  await eventually(() => allNodes(primary), isAway, 60_000)
  const isIll = (name: string, all: SeenApp[]) => all.some((app) => app.name === name && /DEGRADED|ERROR/.test(app.status))
  await eventually(
    () => allApps(primary),
    (all) => isIll('plausible', all) && isIll('frigate', all),
    120_000,
  )
}

async function invite(primary: NodeProcess): Promise<void> {
  const mutation = 'mutation ($input: InviteUserInput!) { inviteUser(input: $input) { code } }'
  await ask(primary, mutation, { input: { note: 'Anna', role: 'OPERATOR', nodeLimit: ['env=prod'] } })
  await ask(primary, mutation, { input: { note: 'Jonas', role: 'VIEWER' } })
}
