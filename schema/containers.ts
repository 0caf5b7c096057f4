import { containerActions, type ContainerDetails, type ContainerProcesses } from '../api/engine/thing.ts'
import { engineActions } from '../api/user/engine.ts'
import { rankOfContainer } from '../api/user/trouble.ts'
import type { ContainerCriteria } from '../api/user/thing-criteria.ts'
import type { UserApi } from '../api/user/user-api.ts'
import { ContainerRef, ContainerState } from './apps.ts'
import { action, builder, costOfPage, costOfText, permission } from './builder.ts'
import { upperCased } from './enum-values.ts'
import { page, type PageArgs } from './page.ts'
import { NodeRef } from './refs.ts'
import { LabelRef } from './things.ts'

/** Containers of all nodes, whoever made them. */

const ContainerAction = builder.enumType('ContainerAction', { values: upperCased(containerActions) })

builder.objectFields(ContainerRef, (t) => ({
  nodeId: t.id({ nullable: true, resolve: ({ nodeId }) => nodeId }),
  appId: t.id({ nullable: true, description: 'The app that it belongs to.', resolve: ({ appId }) => appId }),
  appName: t.string({ nullable: true, resolve: ({ appId }, _args, { user }) => user.engine.appName(appId ?? null) }),
  project: t.string({ nullable: true, description: 'The Compose project that made it.', resolve: ({ project }) => project }),
  imageId: t.id({ nullable: true, resolve: ({ imageId }) => imageId }),
  networks: t.stringList({ resolve: ({ networks }) => networks ?? [] }),
  volumes: t.stringList({ resolve: ({ volumes }) => volumes ?? [] }),
  exitReason: t.string({ nullable: true, description: 'How it ended last, in words.', resolve: ({ exitReason }) => exitReason }),
  isSelf: t.boolean({ description: 'Selfhostly itself runs in it.', resolve: ({ isSelf }) => isSelf ?? false }),
  lastKnownState: t.field({
    type: ContainerState,
    nullable: true,
    description: 'Its state when it was last known. Equals `state` while the node is online and its Docker answers.',
    resolve: ({ lastKnownState, state }) => lastKnownState ?? state,
  }),
  asOf: t.field({ type: 'DateTime', nullable: true, description: 'When this was last known to be true.', resolve: ({ asOf }) => asOf }),
}))

const ContainerConnection = builder.connectionObject({ type: ContainerRef, name: 'ContainerConnection' }, { name: 'ContainerEdge' })

const ContainerFilter = builder.inputType('ContainerFilter', {
  fields: (t) => ({
    nodeIds: t.idList(),
    states: t.field({ type: [ContainerState] }),
    search: t.string({ description: 'Words that are all in the name, the image, the project, the app, the node or a published port.' }),
  }),
})

const pageOfContainers = (user: UserApi, args: PageArgs, wanted: ContainerCriteria) =>
  page(user.engine.containers(wanted), args, (each) => `${rankOfContainer(each)} ${each.name} ${each.nodeId} ${each.id}`)

builder.objectField(NodeRef, 'containers', (t) =>
  t.field({
    type: ContainerConnection,
    description: 'All containers on the node, also stopped ones and those of no app. What needs attention comes first.',
    complexity: costOfPage,
    args: t.arg.connectionArgs(),
    resolve: ({ id }, args, { user }) => pageOfContainers(user, args, { nodeIds: [id] }),
  }),
)

const ContainerMountRef = builder.objectRef<ContainerDetails['mounts'][number]>('ContainerMount').implement({
  fields: (t) => ({
    kind: t.exposeString('kind'),
    source: t.exposeString('source'),
    target: t.exposeString('target'),
    isReadOnly: t.exposeBoolean('isReadOnly'),
  }),
})
const ContainerAddressRef = builder.objectRef<ContainerDetails['networks'][number]>('ContainerAddress').implement({
  description: 'A network that a container is in.',
  fields: (t) => ({
    name: t.exposeString('name'),
    address: t.exposeString('address', { nullable: true }),
    aliases: t.exposeStringList('aliases'),
  }),
})
const HealthOutputRef = builder.objectRef<NonNullable<ContainerDetails['health']>>('ContainerHealthOutput').implement({
  description: 'What the health check of a container said last.',
  fields: (t) => ({
    failingStreak: t.exposeInt('failingStreak'),
    lastOutput: t.exposeString('lastOutput', { nullable: true }),
    lastExitCode: t.exposeInt('lastExitCode', { nullable: true }),
    lastAt: t.field({ type: 'DateTime', nullable: true, resolve: ({ lastAt }) => lastAt }),
  }),
})
const ContainerDetailsRef = builder.objectRef<ContainerDetails>('ContainerDetails').implement({
  description: 'What is too much for a list, asked of the node now.',
  fields: (t) => ({
    command: t.exposeString('command', { nullable: true }),
    mounts: t.field({ type: [ContainerMountRef], resolve: ({ mounts }) => mounts }),
    networks: t.field({ type: [ContainerAddressRef], resolve: ({ networks }) => networks }),
    environment: t.exposeStringList('environment', { description: 'Names only.' }),
    labels: t.field({ type: [LabelRef], resolve: ({ labels }) => labels }),
    restartPolicy: t.exposeString('restartPolicy', { nullable: true }),
    memoryLimitBytes: t.field({ type: 'BigInt', nullable: true, resolve: ({ memoryLimitBytes }) => memoryLimitBytes }),
    health: t.field({ type: HealthOutputRef, nullable: true, resolve: ({ health }) => health }),
  }),
})
const ContainerProcessesRef = builder.objectRef<ContainerProcesses>('ContainerProcesses').implement({
  description: 'The processes in a container, as `ps` lists them.',
  fields: (t) => ({
    titles: t.exposeStringList('titles'),
    rows: t.field({
      type: ['String'],
      description: 'Each row as a JSON array.',
      resolve: ({ rows }) => rows.map((row) => JSON.stringify(row)),
    }),
    more: t.exposeInt('more', { description: 'How many there are beyond those listed.' }),
  }),
})

const containerArgs = (t: Parameters<Parameters<typeof builder.queryFields>[0]>[0]) => ({
  nodeId: t.arg.id({ required: true }),
  containerId: t.arg.id({ required: true }),
})

builder.queryFields((t) => ({
  containers: t.field({
    type: ContainerConnection,
    description: 'The containers of all nodes. What needs attention comes first.',
    complexity: costOfPage,
    args: { ...t.arg.connectionArgs(), filter: t.arg({ type: ContainerFilter }) },
    resolve: (_root, { filter, ...args }, { user }) => pageOfContainers(user, args, filter ?? {}),
  }),
  container: t.field({
    type: ContainerRef,
    nullable: true,
    args: containerArgs(t),
    resolve: (_root, { nodeId, containerId }, { user }) => user.engine.findContainer(nodeId, containerId) ?? null,
  }),
  containerDetails: t.field({
    type: ContainerDetailsRef,
    nullable: true,
    args: containerArgs(t),
    resolve: (_root, { nodeId, containerId }, { user }) => user.engine.details(nodeId, containerId),
  }),
  containerProcesses: t.field({
    type: ContainerProcessesRef,
    nullable: true,
    ...permission('app.change'),
    args: containerArgs(t),
    resolve: (_root, { nodeId, containerId }, { user }) => user.engine.processes(nodeId, containerId),
  }),
  containerInspection: t.field({
    type: 'String',
    nullable: true,
    ...permission('app.change'),
    description: 'Everything that Docker says of a container, as JSON. Values of variables and known secrets are masked.',
    complexity: costOfText,
    args: containerArgs(t),
    resolve: (_root, { nodeId, containerId }, { user }) => user.engine.inspection(nodeId, containerId),
  }),
}))

builder.mutationField('containerAction', (t) =>
  t.field({
    type: ContainerRef,
    ...action(engineActions.containerAction),
    description: "CONFLICT while an operation runs on the container's app. Selfhostly's own container is FORBIDDEN.",
    args: {
      nodeId: t.arg.id({ required: true }),
      containerId: t.arg.id({ required: true }),
      action: t.arg({ type: ContainerAction, required: true }),
    },
    resolve: (_root, { nodeId, containerId, action: what }, { user }) => user.engine.containerAction(nodeId, containerId, what),
  }),
)
