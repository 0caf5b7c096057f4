import type { KnownStats } from '../api/cluster/feed/inventory.ts'
import type { ContainerStats, DockerStats, NodeStats } from '../api/monitoring/node-stats.ts'
import { ContainerState } from './apps.ts'
import { builder } from './builder.ts'

const StatsState = builder.enumType('StatsState', {
  description: 'OK: fresh. STALE: the last known values. ERROR: nothing is known, and `error` says why.',
  values: { OK: { value: 'ok' }, STALE: { value: 'stale' }, ERROR: { value: 'error' } } as const,
})

const CpuStats = builder.objectRef<NodeStats['cpu']>('CpuStats').implement({
  fields: (t) => ({
    usagePercent: t.exposeFloat('usagePercent', { description: '0 to 100 over all cores.' }),
    cores: t.exposeInt('cores'),
  }),
})

const MemoryStats = builder.objectRef<NodeStats['memory']>('MemoryStats').implement({
  fields: (t) => ({
    totalBytes: t.expose('totalBytes', { type: 'BigInt' }),
    usedBytes: t.expose('usedBytes', { type: 'BigInt', description: 'Total minus the memory available to programs.' }),
    availableBytes: t.expose('availableBytes', { type: 'BigInt' }),
    swapTotalBytes: t.expose('swapTotalBytes', { type: 'BigInt' }),
    swapUsedBytes: t.expose('swapUsedBytes', { type: 'BigInt' }),
  }),
})

const DiskStats = builder.objectRef<NodeStats['disks'][number]>('DiskStats').implement({
  fields: (t) => ({
    mount: t.exposeString('mount'),
    filesystem: t.exposeString('filesystem'),
    totalBytes: t.expose('totalBytes', { type: 'BigInt' }),
    usedBytes: t.expose('usedBytes', { type: 'BigInt' }),
  }),
})

const NetworkStats = builder.objectRef<NonNullable<NodeStats['network']>>('NetworkStats').implement({
  fields: (t) => ({
    receivedBytes: t.expose('receivedBytes', { type: 'BigInt' }),
    sentBytes: t.expose('sentBytes', { type: 'BigInt' }),
  }),
})

const DockerStatsRef = builder.objectRef<DockerStats>('DockerStats').implement({
  fields: (t) => ({
    available: t.exposeBoolean('available'),
    error: t.exposeString('error', { nullable: true }),
    version: t.exposeString('version', { nullable: true }),
    composeVersion: t.exposeString('composeVersion', {
      nullable: true,
      description: 'The Compose that deploys apps, such as "docker compose 2.26.1".',
    }),
    running: t.exposeInt('running'),
    paused: t.exposeInt('paused'),
    stopped: t.exposeInt('stopped'),
    images: t.exposeInt('images'),
  }),
})

const ContainerStatsRef = builder.objectRef<ContainerStats>('ContainerStats').implement({
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    appName: t.exposeString('appName', { nullable: true }),
    service: t.exposeString('service', { nullable: true, description: "Its service in the app's Compose file." }),
    state: t.field({ type: ContainerState, resolve: (container) => container.state }),
    cpuPercent: t.exposeFloat('cpuPercent', { description: '100 is one full core.' }),
    memoryBytes: t.expose('memoryBytes', { type: 'BigInt' }),
    memoryLimitBytes: t.expose('memoryLimitBytes', { type: 'BigInt' }),
    networkRxBytes: t.expose('networkRxBytes', { type: 'BigInt' }),
    networkTxBytes: t.expose('networkTxBytes', { type: 'BigInt' }),
    blockReadBytes: t.expose('blockReadBytes', { type: 'BigInt' }),
    blockWriteBytes: t.expose('blockWriteBytes', { type: 'BigInt' }),
  }),
})

export const NodeStatsRef = builder.objectRef<KnownStats>('NodeStats').implement({
  description: 'One measurement of a node, taken on that node.',
  fields: (t) => ({
    nodeId: t.exposeID('nodeId'),
    state: t.field({ type: StatsState, resolve: (known) => known.state }),
    error: t.exposeString('error', { nullable: true }),
    asOf: t.field({ type: 'DateTime', nullable: true, resolve: ({ stats }) => stats?.asOf }),
    cpu: t.field({ type: CpuStats, nullable: true, resolve: ({ stats }) => stats?.cpu }),
    memory: t.field({ type: MemoryStats, nullable: true, resolve: ({ stats }) => stats?.memory }),
    disks: t.field({ type: [DiskStats], resolve: ({ stats }) => stats?.disks ?? [] }),
    moreDisks: t.int({ description: 'How many disks it has beyond those listed.', resolve: ({ stats }) => stats?.moreDisks ?? 0 }),
    network: t.field({
      type: NetworkStats,
      nullable: true,
      description: 'Over its network interfaces since they came up, without traffic between containers.',
      resolve: ({ stats }) => stats?.network,
    }),
    load: t.floatList({ description: 'Load averages over 1, 5 and 15 minutes.', resolve: ({ stats }) => stats?.load ?? [] }),
    uptimeSeconds: t.float({ nullable: true, resolve: ({ stats }) => stats?.uptimeSeconds }),
    docker: t.field({ type: DockerStatsRef, nullable: true, resolve: ({ stats }) => stats?.docker }),
    containers: t.field({ type: [ContainerStatsRef], resolve: ({ stats }) => stats?.containers ?? [] }),
    moreContainers: t.int({
      description: 'How many more containers run than are measured.',
      resolve: ({ stats }) => stats?.moreContainers ?? 0,
    }),
  }),
})

builder.queryFields((t) => ({
  systemStats: t.field({
    type: [NodeStatsRef],
    description: 'One entry per requested id, in that order, including unknown ids. Without `nodeIds`, one entry per node.',
    args: { nodeIds: t.arg.idList() },
    // A small request can name the same id thousands of times.
    complexity: ({ nodeIds }) => ({ field: 1, multiplier: Math.max(1, nodeIds?.length ?? 50) }),
    resolve: (_root, { nodeIds }, { user }) => (nodeIds ?? user.nodes.list().map((node) => node.id)).map(user.monitoring.statsOf),
  }),
}))

builder.subscriptionFields((t) => ({
  nodeStatsChanged: t.field({
    type: NodeStatsRef,
    description: 'Every node as it is now, then each measurement. Nodes measure as often as they do without it.',
    subscribe: (_root, _args, { user }) => user.monitoring.watchAll(),
    resolve: (known) => known,
  }),
  nodeStats: t.field({
    type: NodeStatsRef,
    description:
      'The current values, then each measurement and each change of state. While somebody subscribes, the node measures every second.',
    args: {
      nodeId: t.arg.id({ required: true }),
      appId: t.arg.id({ description: 'Of the containers, only those of this app.' }),
    },
    subscribe: (_root, { nodeId, appId }, { user }) => user.monitoring.watch(nodeId, appId),
    resolve: (known) => known,
  }),
}))
