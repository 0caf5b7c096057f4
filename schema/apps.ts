import type { AppOperation } from '../api/apps/app-service.ts'
import type { AppStatus as AppStatusValue, Container, PublishedPort } from '../api/apps/app.ts'
import type { RemovalItem, RemovalPreview } from '../api/apps/removal-item.ts'
import type { InventoryApp } from '../api/cluster/inventory.ts'
import { snapshotThenChanges } from '../api/events.ts'
import type { UserApi } from '../api/user-api.ts'
import { builder, costOfPage, costOfText, permission } from './builder.ts'
import { hasLabels, NodeLabelInput, type LabelPair } from './labels.ts'
import { isAmong, page } from './page.ts'
import { AppRef, NodeRef, OperationRef } from './refs.ts'

const AppStatus = builder.enumType('AppStatus', {
  values: {
    PENDING: { value: 'pending' },
    STARTING: { value: 'starting' },
    RUNNING: { value: 'running' },
    DEGRADED: { value: 'degraded', description: 'Some of the services that should run do not, or are unhealthy.' },
    STOPPING: { value: 'stopping' },
    STOPPED: { value: 'stopped' },
    UPDATING: { value: 'updating' },
    REMOVING: { value: 'removing' },
    ERROR: { value: 'error', description: 'None of them runs, or the last operation failed and left some that do not.' },
    UNKNOWN: { value: 'unknown' },
  } as const,
})

const AppDesiredState = builder.enumType('AppDesiredState', {
  values: {
    RUNNING: { value: 'running' },
    STOPPED: { value: 'stopped' },
    UNKNOWN: { value: 'unknown', description: 'A word of a newer version.' },
  } as const,
})

export const ContainerState = builder.enumType('ContainerState', {
  values: {
    CREATED: { value: 'created' },
    RUNNING: { value: 'running' },
    PAUSED: { value: 'paused' },
    RESTARTING: { value: 'restarting' },
    REMOVING: { value: 'removing' },
    EXITED: { value: 'exited' },
    DEAD: { value: 'dead' },
    UNKNOWN: { value: 'unknown', description: 'A word that this version does not know.' },
  } as const,
})

const ContainerHealth = builder.enumType('ContainerHealth', {
  values: {
    STARTING: { value: 'starting' },
    HEALTHY: { value: 'healthy' },
    UNHEALTHY: { value: 'unhealthy' },
    UNKNOWN: { value: 'unknown', description: 'A word that this version does not know.' },
  } as const,
})

const PublishedPortRef = builder.objectRef<PublishedPort>('PublishedPort').implement({
  fields: (t) => ({
    hostIp: t.exposeString('hostIp', { nullable: true }),
    hostPort: t.exposeInt('hostPort'),
    containerPort: t.exposeInt('containerPort'),
    protocol: t.exposeString('protocol'),
  }),
})

const ContainerRef = builder.objectRef<Container>('Container').implement({
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    service: t.exposeString('service'),
    image: t.exposeString('image'),
    state: t.field({ type: ContainerState, resolve: (container) => container.state }),
    health: t.field({ type: ContainerHealth, nullable: true, resolve: (container) => container.health }),
    statusText: t.exposeString('statusText', { description: "What Docker says in words, without times, such as 'Up' or 'Exited (1)'." }),
    exitCode: t.exposeInt('exitCode', { nullable: true }),
    startedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it began to run the last time; null when it never did, or its node does not say.',
      resolve: (container) => container.startedAt,
    }),
    finishedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it ended the last time.',
      resolve: (container) => container.finishedAt,
    }),
    restartCount: t.exposeInt('restartCount', {
      nullable: true,
      description: 'How often its restart policy has started it again since somebody did.',
    }),
    ports: t.field({ type: [PublishedPortRef], resolve: (container) => container.ports }),
    morePorts: t.exposeInt('morePorts', { description: 'How many more it publishes than are listed.' }),
    createdAt: t.field({ type: 'DateTime', resolve: (container) => container.createdAt }),
  }),
})

AppRef.implement({
  description: 'A Compose app on one node, as far as it is known here.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    description: t.exposeString('description', { nullable: true }),
    node: t.field({ type: NodeRef, resolve: (app, _args, { user }) => user.node(app.nodeId) }),
    status: t.field({ type: AppStatus, resolve: (app) => app.status }),
    statusReason: t.exposeString('statusReason', { nullable: true }),
    lastKnownStatus: t.field({ type: AppStatus, nullable: true, resolve: (app) => app.lastKnownStatus }),
    desiredState: t.field({ type: AppDesiredState, resolve: (app) => app.desiredState }),
    asOf: t.field({ type: 'DateTime', description: 'When status and containers were last true.', resolve: (app) => app.asOf }),
    composeContent: t.exposeString('composeContent', { complexity: costOfText }),
    version: t.exposeInt('version', { description: 'Counts the changes of the Compose file; 1 is what was created.' }),
    changedOnDisk: t.exposeBoolean('changedOnDisk', {
      description: 'The Compose file on disk is another one than composeContent, or is not there. composeOnDisk shows it.',
    }),
    containers: t.field({ type: [ContainerRef], resolve: (app) => app.containers }),
    moreContainers: t.exposeInt('moreContainers', { description: 'How many more it has than are listed.' }),
    operations: t.field({
      type: [OperationRef],
      description: 'The newest operations on this app, newest first (10 at most).',
      resolve: (app, _args, { user }) => user.operationsOf(app.id).slice(0, 10),
    }),
    createdAt: t.field({ type: 'DateTime', resolve: (app) => app.createdAt }),
    updatedAt: t.field({ type: 'DateTime', resolve: (app) => app.updatedAt }),
  }),
})

export const AppConnection = builder.connectionObject({ type: AppRef, name: 'AppConnection' }, { name: 'AppEdge' })

const AppOperationRef = builder.objectRef<AppOperation>('AppOperation').implement({
  description: 'An operation that was queued, and the app that it is for as it is now.',
  fields: (t) => ({
    operation: t.field({ type: OperationRef, resolve: ({ operation }) => operation }),
    app: t.field({
      type: AppRef,
      nullable: true,
      resolve: ({ app }, _args, { user }) => user.findApp(app.id) ?? { ...app, lastKnownStatus: app.status },
    }),
  }),
})

const AppFilter = builder.inputType('AppFilter', {
  fields: (t) => ({
    nodeIds: t.idList(),
    status: t.field({ type: [AppStatus] }),
    search: t.string({ description: 'Part of the name or the description.' }),
    labels: t.field({ type: [NodeLabelInput], description: "All of them, among the labels of the app's node." }),
  }),
})

interface AppCriteria {
  nodeIds?: string[] | null
  status?: AppStatusValue[] | null
  search?: string | null
  labels?: LabelPair[] | null
}

const sortKey = (app: InventoryApp): string => `${app.name} ${app.id}`

export function pageOfApps(user: UserApi, args: Parameters<typeof page>[1], { nodeIds, status, search, labels }: AppCriteria) {
  const part = search?.toLowerCase()
  const [isOnNode, isOfStatus] = [isAmong(nodeIds), isAmong(status)]
  // Each node is looked at once, however many apps it has.
  const isOnLabelled = labels ? isAmong(user.nodes().flatMap((node) => (hasLabels(node.labels, labels) ? node.id : []))) : () => true
  const found = user
    .apps()
    .filter((app) => isOnNode(app.nodeId) && isOnLabelled(app.nodeId) && isOfStatus(app.status))
    .filter((app) => !part || `${app.name} ${app.description ?? ''}`.toLowerCase().includes(part))
  return page(found, args, sortKey)
}

builder.queryFields((t) => ({
  apps: t.field({
    type: AppConnection,
    complexity: costOfPage,
    args: { ...t.arg.connectionArgs(), filter: t.arg({ type: AppFilter }) },
    resolve: (_root, { filter, ...args }, { user }) => pageOfApps(user, args, filter ?? {}),
  }),
  app: t.field({
    type: AppRef,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.findApp(id) ?? null,
  }),
}))

const overwriteWords = 'Replace a Compose file that is on disk and is another one than the app has. Without it that is a CONFLICT.'

const CreateAppInput = builder.inputType('CreateAppInput', {
  fields: (t) => ({
    name: t.string({ required: true, description: 'Also the Compose project name: lower case letters, digits, dashes and underscores.' }),
    description: t.string(),
    composeContent: t.string({ required: true }),
    overwriteFile: t.boolean({ description: overwriteWords }),
  }),
})

const UpdateAppInput = builder.inputType('UpdateAppInput', {
  description: 'What is left out stays.',
  fields: (t) => ({
    description: t.string(),
    composeContent: t.string(),
    pull: t.boolean({ description: 'Pull newer images before the containers are made again.' }),
    ifVersion: t.int({ description: 'The version that the change was made on; CONFLICT when another one is current.' }),
    overwriteFile: t.boolean({ description: overwriteWords }),
  }),
})

const RemovalItemKind = builder.enumType('RemovalItemKind', {
  values: {
    CONTAINER: { value: 'container' },
    NETWORK: { value: 'network' },
    VOLUME: { value: 'volume' },
    FOLDER: { value: 'folder' },
    FILE: { value: 'file' },
  } as const,
})

const RemovalRule = builder.enumType('RemovalRule', {
  description: 'When something goes.',
  values: {
    ALWAYS: { value: 'always', description: 'Whenever the app goes.' },
    WITH_VOLUMES: { value: 'with_volumes', description: 'Only with `volumes: true`.' },
    WITH_FILES: { value: 'with_files', description: 'Only with `files: true`.' },
    NEVER: { value: 'never', description: 'It stays.' },
  } as const,
})

const RemovalItemRef = builder.objectRef<RemovalItem>('RemovalItem').implement({
  fields: (t) => ({
    kind: t.field({ type: RemovalItemKind, resolve: (item) => item.kind }),
    name: t.exposeString('name', { description: 'Or the path: of files in the folder of the app, of what is elsewhere on the node.' }),
    detail: t.exposeString('detail', { nullable: true, description: 'What it is to the app, such as its service.' }),
    sizeBytes: t.field({
      type: 'BigInt',
      nullable: true,
      description: 'Null where counting would take longer than a person waits.',
      resolve: (item) => item.sizeBytes,
    }),
    goes: t.field({ type: RemovalRule, resolve: (item) => item.goes }),
    obstacle: t.exposeString('obstacle', { nullable: true, description: 'Why it stays, or what stands in the way now.' }),
  }),
})

const RemovalPreviewRef = builder.objectRef<RemovalPreview>('RemovalPreview').implement({
  description: 'What a removal would take and leave if it came now.',
  fields: (t) => ({
    items: t.field({ type: [RemovalItemRef], resolve: (preview) => preview.items }),
    omitted: t.exposeInt('omitted', { description: 'How many more there are.' }),
  }),
})

const RemoveAppInput = builder.inputType('RemoveAppInput', {
  fields: (t) => ({
    volumes: t.boolean({ defaultValue: false, description: 'Its volumes too, but none that it only uses.' }),
    files: t.boolean({ defaultValue: false, description: 'All that is in its folder too, whoever wrote it.' }),
  }),
})

builder.queryFields((t) => ({
  appRemoval: t.field({
    type: RemovalPreviewRef,
    nullable: true,
    ...permission('app.change'),
    description: 'Asks the node of the app what a removal would take and leave.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => (user.findApp(id) ? user.removalOf(id) : null),
  }),
}))

builder.mutationFields((t) => ({
  createApp: t.field({
    type: AppOperationRef,
    ...permission('app.change'),
    description:
      'Deploys a Compose app on a node. Fails with INVALID_INPUT, CONFLICT, NODE_UNREACHABLE or DOCKER_UNAVAILABLE before anything was changed.',
    args: { nodeId: t.arg.id({ required: true }), input: t.arg({ type: CreateAppInput, required: true }) },
    resolve: (_root, { nodeId, input }, { user }) => user.createApp(nodeId, input),
  }),
  updateApp: t.field({
    type: AppOperationRef,
    ...permission('app.change'),
    description:
      'Changes what is named. A Compose file becomes the next version and the containers are made to match it; a stopped app stays stopped. A description touches neither file nor containers.',
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: UpdateAppInput, required: true }) },
    resolve: (_root, { id, input }, { user }) => user.updateApp(id, input),
  }),
  startApp: t.field({
    type: AppOperationRef,
    ...permission('app.change'),
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.startApp(id),
  }),
  stopApp: t.field({
    type: AppOperationRef,
    ...permission('app.change'),
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.stopApp(id),
  }),
  removeApp: t.field({
    type: AppOperationRef,
    ...permission('app.change'),
    description:
      'Removes the containers and networks of an app, and its Compose file. It needs no Compose file that is right, and can be done again.',
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: RemoveAppInput }) },
    resolve: (_root, { id, input }, { user }) => user.removeApp(id, input ?? {}),
  }),
}))

builder.subscriptionFields((t) => ({
  appChanged: t.field({
    type: AppRef,
    description: 'Every app as it is now, then each change.',
    subscribe: (_root, _args, { services, user }) =>
      snapshotThenChanges({
        snapshot: user.apps,
        subscribe: (push) => services.events.on('app', (app) => user.seesNodeId(app.nodeId) && push(app)),
        keyOf: (app) => app.id,
      }),
    resolve: (app) => app,
  }),
  appRemoved: t.field({
    type: 'ID',
    description: 'Ids of apps as they are removed.',
    subscribe: (_root, _args, { services, user }) =>
      snapshotThenChanges<string>({
        snapshot: () => [],
        subscribe: (push) => services.events.on('appRemoved', ({ id, nodeId }) => user.seesNodeId(nodeId) && push(id)),
        keyOf: (id) => id,
      }),
    resolve: (id) => id,
  }),
}))
