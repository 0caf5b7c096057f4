import { snapshotThenChanges } from '../api/events.ts'
import type { NodeCheck } from '../api/nodes/health-checks.ts'
import type { ClusterNode } from '../api/nodes/node-registry.ts'
import { AppConnection, pageOfApps } from './apps.ts'
import { builder } from './builder.ts'
import { page } from './page.ts'
import { NodeRef } from './refs.ts'
import { NodeStatsRef } from './stats.ts'

export const NodeStatus = builder.enumType('NodeStatus', {
  values: { ONLINE: { value: 'online' }, OFFLINE: { value: 'offline' }, UNREACHABLE: { value: 'unreachable' } } as const,
})

NodeRef.implement({
  description: 'A server of the cluster.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    apiEndpoint: t.exposeString('apiEndpoint'),
    isPrimary: t.exposeBoolean('isPrimary'),
    status: t.field({ type: NodeStatus, resolve: (node) => node.health.status }),
    statusSince: t.field({ type: 'DateTime', resolve: (node) => node.health.statusSince }),
    statusReason: t.string({ nullable: true, resolve: (node) => node.health.statusReason }),
    lastSeen: t.field({ type: 'DateTime', nullable: true, resolve: (node) => node.health.lastSeen }),
    lastHealthCheck: t.field({ type: 'DateTime', nullable: true, resolve: (node) => node.health.lastHealthCheck }),
    consecutiveFailures: t.int({ resolve: (node) => node.health.consecutiveFailures }),
    nextCheckAt: t.field({ type: 'DateTime', nullable: true, resolve: (node) => node.health.nextCheckAt }),
    createdAt: t.field({ type: 'DateTime', resolve: (node) => node.createdAt }),
    apps: t.field({
      type: AppConnection,
      args: t.arg.connectionArgs(),
      resolve: (node, args, { services }) => pageOfApps(services, args, { nodeIds: [node.id] }),
    }),
    stats: t.field({ type: NodeStatsRef, nullable: true, resolve: (node, _args, { services }) => services.inventory.statsOf(node.id) }),
  }),
})

const NodeConnection = builder.connectionObject({ type: NodeRef, name: 'NodeConnection' }, { name: 'NodeEdge' })

const NodeCheckRef = builder.objectRef<NodeCheck>('NodeCheck').implement({
  fields: (t) => ({
    ok: t.exposeBoolean('ok'),
    error: t.exposeString('error', { nullable: true }),
    durationMs: t.exposeInt('durationMs'),
    node: t.field({ type: NodeRef, resolve: (check) => check.node }),
  }),
})

const NodeFilter = builder.inputType('NodeFilter', {
  fields: (t) => ({ status: t.field({ type: [NodeStatus] }), search: t.string({ description: 'Part of the name or the endpoint.' }) }),
})

/** The node itself comes first, then the others by name. */
const sortKey = (node: ClusterNode, selfId: string): string => `${node.id === selfId ? 0 : 1} ${node.name} ${node.id}`

builder.queryFields((t) => ({
  nodes: t.field({
    type: NodeConnection,
    args: { ...t.arg.connectionArgs(), filter: t.arg({ type: NodeFilter }) },
    resolve(_root, { filter, ...args }, { services }) {
      const search = filter?.search?.toLowerCase()
      const found = services.registry
        .list()
        .filter((node) => !filter?.status || filter.status.includes(node.health.status))
        .filter((node) => !search || `${node.name} ${node.apiEndpoint}`.toLowerCase().includes(search))
      return page(found, args, (node) => sortKey(node, services.self.id))
    },
  }),
  node: t.field({
    type: NodeRef,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { services }) => services.registry.find(id) ?? null,
  }),
}))

const RegisterNodeInput = builder.inputType('RegisterNodeInput', {
  description: 'What `npm run identity` prints on the node.',
  fields: (t) => ({
    id: t.id({ required: true }),
    name: t.string({ required: true }),
    apiEndpoint: t.string({ required: true, description: 'The URL at which this primary reaches the node.' }),
    apiKey: t.string({ required: true }),
  }),
})

const UpdateNodeInput = builder.inputType('UpdateNodeInput', {
  description: 'What is left out stays. A new endpoint or key is checked at once.',
  fields: (t) => ({ name: t.string(), apiEndpoint: t.string(), apiKey: t.string() }),
})

builder.mutationFields((t) => ({
  registerNode: t.field({
    type: NodeRef,
    description: 'Registers a node and checks it at once. Fails with INVALID_INPUT or CONFLICT.',
    args: { input: t.arg({ type: RegisterNodeInput, required: true }) },
    resolve: (_root, { input }, { services }) => services.membership.register(input),
  }),
  updateNode: t.field({
    type: NodeRef,
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: UpdateNodeInput, required: true }) },
    resolve: (_root, { id, input }, { services }) => services.membership.update(id, input),
  }),
  removeNode: t.field({
    type: 'ID',
    description: 'Forgets a node. What runs on it goes on running there.',
    args: { id: t.arg.id({ required: true }) },
    async resolve(_root, { id }, { services }) {
      await services.membership.remove(id)
      return id
    },
  }),
  checkNode: t.field({
    type: NodeCheckRef,
    description: 'Checks a node now, whatever the backoff says.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { services }) => services.checks.checkNow(id),
  }),
}))

builder.subscriptionFields((t) => ({
  nodeStatusChanged: t.field({
    type: NodeRef,
    description: 'Every node as it is now, then each change.',
    subscribe: (_root, _args, { services }) =>
      snapshotThenChanges({
        snapshot: services.registry.list,
        subscribe: (push) => services.events.on('node', push),
        keyOf: (node) => node.id,
      }),
    resolve: (node) => node,
  }),
  nodeRemoved: t.field({
    type: 'ID',
    description: 'Ids of nodes as they are removed.',
    subscribe: (_root, _args, { services }) =>
      snapshotThenChanges({ snapshot: () => [], subscribe: (push) => services.events.on('nodeRemoved', push), keyOf: (id: string) => id }),
    resolve: (id) => id,
  }),
}))
