import { composePolicies } from '../api/apps/compose/policy/compose-policy.ts'
import { connectionModes, missingCapabilities, versionStates } from '../api/cluster/members/node-about.ts'
import { conditionTypes, type NodeCondition } from '../api/cluster/health/conditions.ts'
import type { NodeCheck } from '../api/cluster/health/health-checks.ts'
import type { ClusterNode } from '../api/cluster/members/node-registry.ts'
import type { StatusCount } from '../api/user/list-criteria.ts'
import { nodeActions, type NodeSession } from '../api/user/nodes.ts'
import { rankOfNode } from '../api/user/trouble.ts'
import { AppConnection, pageOfApps } from './apps.ts'
import { action, builder, costOfPage } from './builder.ts'
import { upperCased } from './enum-values.ts'
import { NodeLabel, NodeLabelInput, toLabels } from './labels.ts'
import { countsOf, page } from './page.ts'
import { NodeRef } from './refs.ts'
import { NodeStatsRef } from './monitoring.ts'

export const NodeStatus = builder.enumType('NodeStatus', {
  values: { ONLINE: { value: 'online' }, OFFLINE: { value: 'offline' }, UNREACHABLE: { value: 'unreachable' } } as const,
})

export const NodeStatusSignal = builder.enumType('NodeStatusSignal', {
  description: 'The signal that a status is based on.',
  values: {
    REGISTRATION: { value: 'registration' },
    HEARTBEAT: { value: 'heartbeat' },
    CHECK: { value: 'check' },
    MANUAL_CHECK: { value: 'manual-check' },
    SESSION: { value: 'session', description: 'The connection to the node.' },
    SELF: { value: 'self', description: 'The node that answers this query.' },
  } as const,
})

const NodeVersionState = builder.enumType('NodeVersionState', { values: upperCased(versionStates) })
const NodeConnectionMode = builder.enumType('NodeConnectionMode', { values: upperCased(connectionModes) })

const ComposePolicy = builder.enumType('ComposePolicy', {
  values: upperCased(composePolicies, {
    enforced: 'Apps that ask for something of their host are refused, unless an administrator allows it.',
    open: 'COMPOSE_POLICY=open: nothing is looked for, so whoever may change apps controls the machine.',
  }),
})
const NodeConditionType = builder.enumType('NodeConditionType', { values: upperCased(conditionTypes) })
const NodeTransport = builder.enumType('NodeTransport', { values: upperCased(['direct', 'link'] as const) })

const NodeSessionRef = builder.objectRef<NodeSession>('NodeSession').implement({
  description: 'The open connection over which a node reports its events. Each node has one at most.',
  fields: (t) => ({
    transport: t.field({ type: NodeTransport, resolve: (session) => session.transport }),
    generation: t.exposeInt('generation', { description: 'Counts the sessions with this node. A newer one replaces an older one.' }),
    since: t.field({ type: 'DateTime', resolve: (session) => session.since }),
  }),
})

const NodeConditionRef = builder.objectRef<NodeCondition>('NodeCondition').implement({
  description: 'Something people should know about a node, besides its health.',
  fields: (t) => ({
    type: t.field({ type: NodeConditionType, resolve: (condition) => condition.type }),
    message: t.exposeString('message'),
    since: t.field({ type: 'DateTime', resolve: (condition) => condition.since }),
  }),
})

NodeRef.implement({
  description: 'A server in the cluster.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    apiEndpoint: t.exposeString('apiEndpoint'),
    isPrimary: t.exposeBoolean('isPrimary'),
    status: t.field({ type: NodeStatus, resolve: (node) => node.health.status }),
    statusSince: t.field({ type: 'DateTime', resolve: (node) => node.health.statusSince }),
    statusReason: t.string({ nullable: true, resolve: (node) => node.health.statusReason }),
    statusSignal: t.field({ type: NodeStatusSignal, resolve: (node) => node.health.statusSignal }),
    lastSeen: t.field({ type: 'DateTime', nullable: true, resolve: (node) => node.health.lastSeen }),
    lastHealthCheck: t.field({ type: 'DateTime', nullable: true, resolve: (node) => node.health.lastHealthCheck }),
    consecutiveFailures: t.int({ resolve: (node) => node.health.consecutiveFailures }),
    nextCheckAt: t.field({ type: 'DateTime', nullable: true, resolve: (node) => node.health.nextCheckAt }),
    labels: t.field({
      type: [NodeLabel],
      description: 'Labels for grouping nodes, such as env=lab.',
      resolve: (node) => Object.entries(node.labels).map(([key, value]) => ({ key, value })),
    }),
    version: t.string({ nullable: true, description: 'Null until the node has reported it.', resolve: (node) => node.about?.version }),
    versionState: t.field({
      type: NodeVersionState,
      description: "Compared with the primary's version, ignoring the patch number.",
      resolve: (node, _args, { user }) => user.server.versionStateOf(node),
    }),
    engineVersion: t.string({
      nullable: true,
      description: 'Version of its Docker Engine. Null while the Engine or the node does not answer.',
      resolve: (node, _args, { user }) => user.monitoring.statsOf(node.id).stats?.docker.version,
    }),
    composeVersion: t.string({
      nullable: true,
      description: 'The Compose that deploys its apps, such as "docker compose 2.26.1". Null if it has none or has not reported it.',
      resolve: (node, _args, { user }) => user.monitoring.statsOf(node.id).stats?.docker.composeVersion,
    }),
    capabilities: t.stringList({ resolve: (node) => node.about?.capabilities ?? [] }),
    missingCapabilities: t.stringList({
      description: 'Capabilities that this primary can use but the node lacks.',
      resolve: (node) => missingCapabilities(node.about),
    }),
    connectionMode: t.field({
      type: NodeConnectionMode,
      nullable: true,
      description: "The node's NODE_CONNECTION setting. Null until the node has reported it.",
      resolve: (node) => node.about?.connection,
    }),
    keyChangedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Null for the primary itself.',
      resolve: (node) => node.keyChangedAt,
    }),
    session: t.field({ type: NodeSessionRef, nullable: true, resolve: (node, _args, { user }) => user.nodes.sessionOf(node) }),
    conditions: t.field({ type: [NodeConditionRef], resolve: (node, _args, { user }) => user.nodes.conditionsOf(node) }),
    createdAt: t.field({ type: 'DateTime', resolve: (node) => node.createdAt }),
    apps: t.field({
      type: AppConnection,
      complexity: costOfPage,
      args: t.arg.connectionArgs(),
      resolve: (node, args, { user }) => pageOfApps(user, args, { nodeIds: [node.id] }),
    }),
    stats: t.field({ type: NodeStatsRef, nullable: true, resolve: (node, _args, { user }) => user.monitoring.statsOf(node.id) }),
  }),
})

builder.objectField(NodeRef, 'host', (t) =>
  t.string({
    nullable: true,
    description:
      'The host at which published ports of this node are reached: that of its endpoint, or where its calls come from if the endpoint is local. ' +
      '"localhost": the machine of this server. Null while it is not known.',
    resolve: (node, _args, { user }) => user.nodes.hostOf(node),
  }),
)

builder.objectField(NodeRef, 'composePolicy', (t) =>
  t.field({
    type: ComposePolicy,
    nullable: true,
    description: 'Whether its safety policy for apps is on. Null until the node has reported it.',
    resolve: (node, _args, { user }) => user.monitoring.statsOf(node.id).stats?.composePolicy,
  }),
)

type Status = ClusterNode['health']['status']

const NodeStatusCount = builder.objectRef<StatusCount<Status>>('NodeStatusCount').implement({
  fields: (t) => ({ status: t.field({ type: NodeStatus, resolve: ({ status }) => status }), count: t.exposeInt('count') }),
})

const NodeConnection = builder.connectionObject(
  {
    type: NodeRef,
    name: 'NodeConnection',
    fields: (t) => ({
      statusCounts: t.field({
        type: [NodeStatusCount],
        description: 'How many nodes have each status, on all pages. The `status` of the filter does not limit them.',
        resolve: (connection) => countsOf<Status>(connection),
      }),
    }),
  },
  { name: 'NodeEdge' },
)

const NodeCheckRef = builder.objectRef<NodeCheck>('NodeCheck').implement({
  fields: (t) => ({
    ok: t.exposeBoolean('ok'),
    error: t.exposeString('error', { nullable: true }),
    durationMs: t.exposeInt('durationMs'),
    node: t.field({ type: NodeRef, resolve: (check) => check.node }),
  }),
})

const NodeFilter = builder.inputType('NodeFilter', {
  fields: (t) => ({
    status: t.field({ type: [NodeStatus] }),
    search: t.string({ description: 'Words that are all in the name, the endpoint, the version or the labels.' }),
    labels: t.field({ type: [NodeLabelInput], description: 'Only nodes with all of these labels.' }),
    cordoned: t.boolean(),
    maintenance: t.boolean(),
  }),
})

const NodeSort = builder.enumType('NodeSort', {
  values: {
    NAME: { value: 'name', description: 'The node that answers first, then the others by name.' },
    TROUBLE: { value: 'trouble', description: 'What needs attention first.' },
  } as const,
})

/** The node itself comes first, then the others by name. */
const sortKey = (node: ClusterNode, selfId: string): string => `${node.id === selfId ? 0 : 1} ${node.name} ${node.id}`

builder.queryFields((t) => ({
  nodes: t.field({
    type: NodeConnection,
    complexity: costOfPage,
    args: {
      ...t.arg.connectionArgs(),
      filter: t.arg({ type: NodeFilter }),
      sort: t.arg({ type: NodeSort, defaultValue: 'name', description: 'Of the whole list. A cursor belongs to its order.' }),
    },
    async resolve(_root, { filter, sort, ...args }, { user }) {
      const { items, counts } = user.nodes.like(filter ?? {})
      const rankOf = (node: ClusterNode): string =>
        sort === 'trouble'
          ? String(rankOfNode({ status: node.health.status, hasConditions: user.nodes.conditionsOf(node).length > 0 }))
          : ''
      return { ...(await page(items, args, (node) => `${rankOf(node)} ${sortKey(node, user.nodes.selfId)}`)), statusCounts: counts }
    },
  }),
  node: t.field({
    type: NodeRef,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.nodes.find(id) ?? null,
  }),
}))

const RegisterNodeInput = builder.inputType('RegisterNodeInput', {
  description: 'The values that `npm run identity` prints on the node.',
  fields: (t) => ({
    id: t.id({ required: true }),
    name: t.string({ required: true }),
    apiEndpoint: t.string({ required: true, description: 'URL at which this primary reaches the node.' }),
    apiKey: t.string({ required: true }),
    labels: t.field({ type: [NodeLabelInput] }),
  }),
})

const UpdateNodeInput = builder.inputType('UpdateNodeInput', {
  description: 'Fields you leave out keep their value. A new endpoint or key is checked at once.',
  fields: (t) => ({ name: t.string(), apiEndpoint: t.string(), apiKey: t.string(), labels: t.field({ type: [NodeLabelInput] }) }),
})

builder.mutationFields((t) => ({
  registerNode: t.field({
    type: NodeRef,
    ...action(nodeActions.registerNode),
    description: 'Registers a node and checks it at once. Fails with INVALID_INPUT or CONFLICT.',
    args: { input: t.arg({ type: RegisterNodeInput, required: true }) },
    resolve: (_root, { input }, { user }) => user.nodes.register({ ...input, labels: toLabels(input.labels) }),
  }),
  updateNode: t.field({
    type: NodeRef,
    ...action(nodeActions.updateNode),
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: UpdateNodeInput, required: true }) },
    resolve: (_root, { id, input }, { user }) => user.nodes.update(id, { ...input, labels: toLabels(input.labels) }),
  }),
  removeNode: t.field({
    type: 'ID',
    ...action(nodeActions.removeNode),
    description: 'Removes a node from the cluster. Its apps keep running there.',
    args: { id: t.arg.id({ required: true }) },
    async resolve(_root, { id }, { user }) {
      await user.nodes.remove(id)
      return id
    },
  }),
  rotateNodeKey: t.field({
    type: NodeRef,
    ...action(nodeActions.rotateNodeKey),
    description: 'Gives a node a new key without interruption. Fails with NOT_SUPPORTED, NODE_UNREACHABLE or FORBIDDEN.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.nodes.rotateKey(id),
  }),
  checkNode: t.field({
    type: NodeCheckRef,
    ...action(nodeActions.checkNode),
    description: 'Checks a node now, bypassing the backoff.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.nodes.check(id),
  }),
}))

builder.subscriptionFields((t) => ({
  nodeStatusChanged: t.field({
    type: NodeRef,
    description: 'Every node as it is now, then each change.',
    subscribe: (_root, _args, { user }) => user.nodes.watch(),
    resolve: (node) => node,
  }),
  nodeRemoved: t.field({
    type: 'ID',
    description: 'The id of each node when it is removed.',
    subscribe: (_root, _args, { user }) => user.nodes.watchRemoved(),
    resolve: (id) => id,
  }),
}))
