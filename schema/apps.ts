import type { AppOperation } from '../api/apps/app-service.ts'
import type { AppStatus as AppStatusValue, Container, PublishedPort } from '../api/apps/app.ts'
import type { RemovalItem, RemovalPreview } from '../api/apps/removal-item.ts'
import type { InventoryApp } from '../api/cluster/feed/inventory.ts'
import { appActions } from '../api/user/apps.ts'
import type { SeenContainer } from '../api/user/engine.ts'
import type { AppCriteria, StatusCount } from '../api/user/list-criteria.ts'
import { rankOfApp } from '../api/user/trouble.ts'
import type { UserApi } from '../api/user/user-api.ts'
import { action, builder, costOfPage, costOfText, permission } from './builder.ts'
import { contentsFields } from './app-contents.ts'
import { allowField } from './allowances.ts'
import { NodeLabelInput } from './labels.ts'
import { countsOf, page, type PageArgs } from './page.ts'
import { AppRef, NodeRef, OperationRef } from './refs.ts'

const AppStatus = builder.enumType('AppStatus', {
  values: {
    PENDING: { value: 'pending' },
    STARTING: { value: 'starting' },
    RUNNING: { value: 'running' },
    DEGRADED: { value: 'degraded', description: 'Some services that should run are not running or are unhealthy.' },
    STOPPING: { value: 'stopping' },
    STOPPED: { value: 'stopped' },
    UPDATING: { value: 'updating' },
    REMOVING: { value: 'removing' },
    ERROR: { value: 'error', description: 'No service is running, or the last operation failed and left some not running.' },
    UNKNOWN: { value: 'unknown' },
  } as const,
})

const AppDesiredState = builder.enumType('AppDesiredState', {
  values: {
    RUNNING: { value: 'running' },
    STOPPED: { value: 'stopped' },
    UNKNOWN: { value: 'unknown', description: 'A state from a newer version.' },
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

/** What only the list of a node's containers says may be missing. */
export const ContainerRef = builder.objectRef<Container & Partial<SeenContainer>>('Container').implement({
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    service: t.exposeString('service'),
    image: t.exposeString('image'),
    state: t.field({ type: ContainerState, resolve: (container) => container.state }),
    health: t.field({ type: ContainerHealth, nullable: true, resolve: (container) => container.health }),
    statusText: t.exposeString('statusText', { description: "Docker's status text without times, such as 'Up' or 'Exited (1)'." }),
    exitCode: t.exposeInt('exitCode', { nullable: true }),
    startedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the container last started. Null if it never did or its node does not report it.',
      resolve: (container) => container.startedAt,
    }),
    finishedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the container last stopped.',
      resolve: (container) => container.finishedAt,
    }),
    restartCount: t.exposeInt('restartCount', {
      nullable: true,
      description: 'How often the restart policy has restarted the container since it was last started explicitly.',
    }),
    isSteady: t.exposeBoolean('isSteady', {
      nullable: true,
      description:
        'False while it runs again after a restart by its restart policy, until it has run long enough to count as running. Null outside of apps.',
    }),
    ports: t.field({ type: [PublishedPortRef], resolve: (container) => container.ports }),
    morePorts: t.exposeInt('morePorts', { description: 'How many ports it publishes beyond those listed.' }),
    createdAt: t.field({ type: 'DateTime', resolve: (container) => container.createdAt }),
  }),
})

AppRef.implement({
  description: 'A Compose app on one node, as last known to this server.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    description: t.exposeString('description', { nullable: true }),
    node: t.field({ type: NodeRef, resolve: (app, _args, { user }) => user.nodes.get(app.nodeId) }),
    status: t.field({ type: AppStatus, resolve: (app) => app.status }),
    statusReason: t.exposeString('statusReason', { nullable: true }),
    lastKnownStatus: t.field({ type: AppStatus, nullable: true, resolve: (app) => app.lastKnownStatus }),
    desiredState: t.field({ type: AppDesiredState, resolve: (app) => app.desiredState }),
    asOf: t.field({ type: 'DateTime', description: 'When status and containers were last known to be true.', resolve: (app) => app.asOf }),
    composeContent: t.exposeString('composeContent', { complexity: costOfText }),
    version: t.exposeInt('version', {
      description: 'The number of the current version. 1 is what was created. It goes back when a failed change is rolled back by itself.',
    }),
    changedOnDisk: t.exposeBoolean('changedOnDisk', {
      description: 'Whether any of its files on disk differs from what the app has or is missing.',
    }),
    changedFiles: t.exposeStringList('changedFiles', {
      description: 'Which ones. composeOnDisk shows the Compose file, appChangedFiles the others.',
    }),
    containers: t.field({
      type: [ContainerRef],
      resolve: (app, _args, { user }) => app.containers.map((container) => user.engine.ofApp(app, container)),
    }),
    moreContainers: t.exposeInt('moreContainers', { description: 'How many containers it has beyond those listed.' }),
    operations: t.field({
      type: [OperationRef],
      description: 'Operations on this app, newest first, 10 at most.',
      resolve: (app, _args, { user }) => user.operations.ofApp(app.id).slice(0, 10),
    }),
    createdAt: t.field({ type: 'DateTime', resolve: (app) => app.createdAt }),
    updatedAt: t.field({ type: 'DateTime', resolve: (app) => app.updatedAt }),
  }),
})

const AppStatusCount = builder.objectRef<StatusCount<AppStatusValue>>('AppStatusCount').implement({
  fields: (t) => ({ status: t.field({ type: AppStatus, resolve: ({ status }) => status }), count: t.exposeInt('count') }),
})

export const AppConnection = builder.connectionObject(
  {
    type: AppRef,
    name: 'AppConnection',
    fields: (t) => ({
      statusCounts: t.field({
        type: [AppStatusCount],
        description: 'How many apps have each status, on all pages. The `status` of the filter does not limit them.',
        resolve: (connection) => countsOf<AppStatusValue>(connection),
      }),
    }),
  },
  { name: 'AppEdge' },
)

export const AppOperationRef = builder.objectRef<AppOperation>('AppOperation').implement({
  description: 'A queued operation, and its app as it is now.',
  fields: (t) => ({
    operation: t.field({ type: OperationRef, resolve: ({ operation }) => operation }),
    app: t.field({
      type: AppRef,
      nullable: true,
      resolve: ({ app }, _args, { user }) => user.apps.find(app.id) ?? { ...app, lastKnownStatus: app.status },
    }),
  }),
})

const AppFilter = builder.inputType('AppFilter', {
  fields: (t) => ({
    nodeIds: t.idList(),
    status: t.field({ type: [AppStatus] }),
    search: t.string({
      description: 'Words that are all in the name, the description, the node, its labels, a service, an image or a published port.',
    }),
    labels: t.field({ type: [NodeLabelInput], description: 'Only apps on nodes with all of these labels.' }),
  }),
})

const AppSort = builder.enumType('AppSort', {
  values: {
    NAME: { value: 'name' },
    TROUBLE: { value: 'trouble', description: 'What needs attention first, then by name.' },
    NODE: { value: 'node', description: 'By the name of the node, then by name.' },
    UPDATED: { value: 'updated', description: 'The last changed first.' },
  } as const,
})

const nameKey = (app: InventoryApp): string => `${app.name} ${app.id}`
const sortKeys: Record<'name' | 'trouble' | 'node' | 'updated', (app: InventoryApp, user: UserApi) => string> = {
  name: nameKey,
  trouble: (app) => `${rankOfApp(app)} ${nameKey(app)}`,
  node: (app, user) => `${user.nodes.find(app.nodeId)?.name ?? ''} ${nameKey(app)}`,
  // Times that count down: cursors are sorted from the smallest key up.
  updated: (app) => `${String(Number.MAX_SAFE_INTEGER - app.updatedAt.getTime())} ${app.id}`,
}

export async function pageOfApps(user: UserApi, args: PageArgs, wanted: AppCriteria, sort: keyof typeof sortKeys = 'name') {
  const { items, counts } = user.apps.like(wanted)
  return { ...(await page(items, args, (app) => sortKeys[sort](app, user))), statusCounts: counts }
}

builder.queryFields((t) => ({
  apps: t.field({
    type: AppConnection,
    complexity: costOfPage,
    args: {
      ...t.arg.connectionArgs(),
      filter: t.arg({ type: AppFilter }),
      sort: t.arg({ type: AppSort, defaultValue: 'name', description: 'Of the whole list. A cursor belongs to its order.' }),
    },
    resolve: (_root, { filter, sort, ...args }, { user }) => pageOfApps(user, args, filter ?? {}, sort ?? 'name'),
  }),
  app: t.field({
    type: AppRef,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.apps.find(id) ?? null,
  }),
}))

const idempotencyWords =
  'At most 200 characters. The same request with the same key is carried out once within 24 hours. The answer is then the first operation. Another request with the key is a CONFLICT.'
const overwriteWords = "Replace files on disk even if they differ from the app's. Without this, a difference is a CONFLICT."

export const CreateAppInput = builder.inputType('CreateAppInput', {
  fields: (t) => ({
    name: t.string({ required: true, description: 'Also the Compose project name. Lower case letters, digits, dashes and underscores.' }),
    description: t.string(),
    composeContent: t.string({ required: true }),
    overwriteFile: t.boolean({ description: overwriteWords }),
    allow: allowField(t),
    ...contentsFields(t),
    rollback: t.boolean({
      defaultValue: false,
      description: 'End the operation with the verdict of the health gate. A first version that fails stays up.',
    }),
    deadlineSeconds: t.int({
      description:
        'How long every service may take to become healthy, from the start of the last container: 1 to 3600. Null: DEPLOY_DEADLINE.',
    }),
    idempotencyKey: t.string({ description: idempotencyWords }),
  }),
})

const UpdateAppInput = builder.inputType('UpdateAppInput', {
  description: 'Fields you leave out keep their value.',
  fields: (t) => ({
    description: t.string(),
    composeContent: t.string(),
    pull: t.boolean({ description: 'Pull newer images before recreating the containers.' }),
    ifVersion: t.int({ description: 'The app version that this change is based on. CONFLICT if it is no longer current.' }),
    overwriteFile: t.boolean({ description: overwriteWords }),
    takeFromDisk: t.stringList({
      description:
        'Paths of files that become what they are on disk, secret ones too. One that is missing there is no longer part of the app.',
    }),
    allow: allowField(t),
    ...contentsFields(t),
    reason: t.string({ description: 'Why, for the list of versions.' }),
    rollback: t.boolean({
      defaultValue: true,
      description: 'Wait until the new version is healthy, and go back to the last healthy one if it does not become so.',
    }),
    deadlineSeconds: t.int({
      description:
        'How long every service may take to become healthy, from the start of the last container: 1 to 3600. Null: DEPLOY_DEADLINE.',
    }),
    copyVolumes: t.boolean({
      defaultValue: false,
      description: 'Stop the app and copy its named volumes first. restoreVolumes brings them back.',
    }),
    idempotencyKey: t.string({ description: idempotencyWords }),
  }),
})

const RemovalItemKind = builder.enumType('RemovalItemKind', {
  values: {
    CONTAINER: { value: 'container' },
    NETWORK: { value: 'network' },
    IMAGE: { value: 'image', description: 'One that `build:` of the app made. A name, or an id if it has no name any more.' },
    VOLUME: { value: 'volume' },
    FOLDER: { value: 'folder' },
    FILE: { value: 'file' },
  } as const,
})

const RemovalRule = builder.enumType('RemovalRule', {
  description: 'When an item is deleted.',
  values: {
    ALWAYS: { value: 'always', description: 'With the app, always.' },
    WITH_VOLUMES: { value: 'with_volumes', description: 'Only with `volumes: true`.' },
    WITH_FILES: { value: 'with_files', description: 'Only with `files: true`.' },
    NEVER: { value: 'never', description: 'Kept.' },
  } as const,
})

const RemovalItemRef = builder.objectRef<RemovalItem>('RemovalItem').implement({
  fields: (t) => ({
    kind: t.field({ type: RemovalItemKind, resolve: (item) => item.kind }),
    name: t.exposeString('name', { description: 'Name, or path: relative to the app folder for files in it, absolute for anything else.' }),
    detail: t.exposeString('detail', { nullable: true, description: 'How the app uses it, such as the service name.' }),
    sizeBytes: t.field({
      type: 'BigInt',
      nullable: true,
      description: 'Null if counting would take too long.',
      resolve: (item) => item.sizeBytes,
    }),
    goes: t.field({ type: RemovalRule, resolve: (item) => item.goes }),
    obstacle: t.exposeString('obstacle', { nullable: true, description: 'Why it is kept, or what prevents its removal now.' }),
  }),
})

const RemovalPreviewRef = builder.objectRef<RemovalPreview>('RemovalPreview').implement({
  description: 'What removing the app now would delete and keep.',
  fields: (t) => ({
    items: t.field({ type: [RemovalItemRef], resolve: (preview) => preview.items }),
    omitted: t.exposeInt('omitted', { description: 'How many items there are beyond those listed.' }),
  }),
})

const RemoveAppInput = builder.inputType('RemoveAppInput', {
  fields: (t) => ({
    volumes: t.boolean({ defaultValue: false, description: 'Also remove volumes that belong to the app. External volumes are kept.' }),
    files: t.boolean({ defaultValue: false, description: 'Also remove everything else in its folder.' }),
  }),
})

builder.queryFields((t) => ({
  appRemoval: t.field({
    type: RemovalPreviewRef,
    nullable: true,
    ...permission('app.change'),
    description: "Asks the app's node what removing the app would delete and keep.",
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => (user.apps.find(id) ? user.apps.removalOf(id) : null),
  }),
}))

builder.mutationFields((t) => ({
  createApp: t.field({
    type: AppOperationRef,
    ...action(appActions.createApp),
    description:
      'Deploys a Compose app on a node. INVALID_INPUT, CONFLICT, NODE_UNREACHABLE and DOCKER_UNAVAILABLE mean that nothing was changed.',
    args: { nodeId: t.arg.id({ required: true }), input: t.arg({ type: CreateAppInput, required: true }) },
    resolve: (_root, { nodeId, input }, { user }) => user.apps.createApp(nodeId, input),
  }),
  updateApp: t.field({
    type: AppOperationRef,
    ...action(appActions.updateApp),
    description:
      'Changes the given fields. A new Compose file becomes the next version and is deployed, but a stopped app stays stopped. A new description changes neither file nor containers.',
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: UpdateAppInput, required: true }) },
    resolve: (_root, { id, input }, { user }) => user.apps.updateApp({ id, ...input }),
  }),
}))

builder.mutationFields((t) => ({
  startApp: t.field({
    type: AppOperationRef,
    ...action(appActions.startApp),
    description:
      'With `rollback`, the operation ends when the app is healthy, and a version that never was healthy is rolled back if it fails.',
    args: { id: t.arg.id({ required: true }), rollback: t.arg.boolean({ defaultValue: true }) },
    resolve: (_root, { id, rollback }, { user }) => user.apps.startApp({ id, rollback: rollback ?? true }),
  }),
  restartApp: t.field({
    type: AppOperationRef,
    ...action(appActions.restartApp),
    description:
      'Restarts containers as they are, those of the named services or all. Dependents stop first and start last. A stopped app is a CONFLICT.',
    args: { id: t.arg.id({ required: true }), services: t.arg.stringList() },
    resolve: (_root, { id, services }, { user }) => user.apps.restartApp({ id, services: services ?? [] }),
  }),
  stopApp: t.field({
    type: AppOperationRef,
    ...action(appActions.stopApp),
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.apps.stopApp({ id }),
  }),
  removeApp: t.field({
    type: AppOperationRef,
    ...action(appActions.removeApp),
    description: "Removes an app's containers, networks and Compose file. Works even if the Compose file is invalid, and can be retried.",
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: RemoveAppInput }) },
    resolve: (_root, { id, input }, { user }) =>
      user.apps.removeApp({ id, volumes: input?.volumes ?? false, files: input?.files ?? false }),
  }),
}))

builder.subscriptionFields((t) => ({
  appChanged: t.field({
    type: AppRef,
    description: 'Every app as it is now, then each change.',
    subscribe: (_root, _args, { user }) => user.apps.watch(),
    resolve: (app) => app,
  }),
  appRemoved: t.field({
    type: 'ID',
    description: 'The id of each app when it is removed.',
    subscribe: (_root, _args, { user }) => user.apps.watchRemoved(),
    resolve: (id) => id,
  }),
}))
