import type { NodeContainer, ThingLabel } from '../api/engine/thing.ts'
import { containerActions, pruneKinds, thingKinds } from '../api/engine/thing.ts'
import type { ContainerDetails, ContainerProcesses, DiskUsage, PruneItem, PruneResult } from '../api/engine/thing.ts'
import { engineActions, type SeenContainer, type SeenImage, type SeenVolume, type ThingUser } from '../api/user/engine.ts'
import type { UserApi } from '../api/user/user-api.ts'
import { ContainerRef, ContainerState } from './apps.ts'
import { action, builder, costOfPage, costOfText, permission } from './builder.ts'
import { upperCased } from './enum-values.ts'
import { NetworkRef } from './networks.ts'
import { isAmong, page } from './page.ts'
import { NodeRef, OperationRef } from './refs.ts'

const ContainerAction = builder.enumType('ContainerAction', { values: upperCased(containerActions) })
const PruneKind = builder.enumType('PruneKind', { values: upperCased(pruneKinds) })
const ThingKindRef = builder.enumType('ThingKind', {
  description: 'What the Docker Engine of a node holds.',
  values: upperCased(thingKinds),
})

/** So many users of one thing are listed. */
const listedUsers = 20

const ThingUserRef = builder.objectRef<ThingUser>('ThingUser').implement({
  description: 'A container that uses an image, a volume or a network.',
  fields: (t) => ({
    containerId: t.exposeID('containerId'),
    name: t.exposeString('name'),
    appId: t.exposeID('appId', { nullable: true }),
    appName: t.string({ nullable: true, resolve: ({ appId }, _args, { user }) => user.engine.appName(appId) }),
  }),
})

const LabelRef = builder.objectRef<ThingLabel>('ThingLabel').implement({
  description: 'A label that Docker keeps. Values that may be secret are masked.',
  fields: (t) => ({ name: t.exposeString('name'), value: t.exposeString('value') }),
})

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
    description: 'Its state when its node was last heard. Equals `state` while the node is online.',
    resolve: ({ lastKnownState, state }) => lastKnownState ?? state,
  }),
  asOf: t.field({ type: 'DateTime', nullable: true, description: 'When this was last known to be true.', resolve: ({ asOf }) => asOf }),
}))

const ImageRef = builder.objectRef<SeenImage>('Image').implement({
  description: 'An image on one node.',
  fields: (t) => ({
    id: t.exposeID('id'),
    nodeId: t.exposeID('nodeId'),
    tags: t.exposeStringList('tags'),
    digests: t.exposeStringList('digests'),
    isDangling: t.boolean({
      description: 'It has no name, and is not held.',
      resolve: ({ tags, heldFor }) => tags.length + heldFor.length === 0,
    }),
    heldFor: t.exposeStringList('heldFor', {
      description: 'For whose rollback it is held, such as `shop/web v3`. Such an image is never removed.',
    }),
    sizeBytes: t.field({ type: 'BigInt', resolve: ({ sizeBytes }) => sizeBytes }),
    createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
    usedBy: t.field({ type: [ThingUserRef], description: 'At most 20.', resolve: ({ usedBy }) => usedBy.slice(0, listedUsers) }),
    usedByCount: t.int({ resolve: ({ usedBy }) => usedBy.length }),
    asOf: t.field({ type: 'DateTime', resolve: ({ asOf }) => asOf }),
  }),
})

const VolumeRef = builder.objectRef<SeenVolume>('Volume').implement({
  description: 'A volume on one node. Its size is in `diskUsage`.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('id'),
    nodeId: t.exposeID('nodeId'),
    driver: t.exposeString('driver'),
    labels: t.field({ type: [LabelRef], resolve: ({ labels }) => labels }),
    isAnonymous: t.exposeBoolean('isAnonymous', { description: 'Docker made it for a container, without a name of its own.' }),
    project: t.exposeString('project', { nullable: true }),
    appId: t.exposeID('appId', { nullable: true }),
    appName: t.string({ nullable: true, resolve: ({ appId }, _args, { user }) => user.engine.appName(appId) }),
    createdAt: t.field({ type: 'DateTime', nullable: true, resolve: ({ createdAt }) => createdAt }),
    usedBy: t.field({ type: [ThingUserRef], description: 'At most 20.', resolve: ({ usedBy }) => usedBy.slice(0, listedUsers) }),
    usedByCount: t.int({ resolve: ({ usedBy }) => usedBy.length }),
    asOf: t.field({ type: 'DateTime', resolve: ({ asOf }) => asOf }),
  }),
})

builder.objectFields(NetworkRef, (t) => ({
  nodeId: t.id({ nullable: true, resolve: ({ nodeId }) => nodeId }),
  subnets: t.stringList({ resolve: ({ subnets }) => subnets ?? [] }),
  isInternal: t.boolean({ description: 'It has no way out.', resolve: ({ isInternal }) => isInternal ?? false }),
  isBuiltIn: t.boolean({ description: "Docker's own, which cannot be removed.", resolve: ({ isBuiltIn }) => isBuiltIn ?? false }),
  project: t.string({ nullable: true, resolve: ({ project }) => project }),
  appId: t.id({ nullable: true, resolve: ({ appId }) => appId }),
  appName: t.string({ nullable: true, resolve: ({ appId }, _args, { user }) => user.engine.appName(appId ?? null) }),
  createdAt: t.field({ type: 'DateTime', nullable: true, resolve: ({ createdAt }) => createdAt }),
  usedBy: t.field({ type: [ThingUserRef], description: 'At most 20.', resolve: ({ usedBy }) => (usedBy ?? []).slice(0, listedUsers) }),
  usedByCount: t.int({ resolve: ({ usedBy }) => usedBy?.length ?? 0 }),
  asOf: t.field({ type: 'DateTime', nullable: true, resolve: ({ asOf }) => asOf }),
}))

const ContainerConnection = builder.connectionObject({ type: ContainerRef, name: 'ContainerConnection' }, { name: 'ContainerEdge' })
const ImageConnection = builder.connectionObject({ type: ImageRef, name: 'ImageConnection' }, { name: 'ImageEdge' })
const VolumeConnection = builder.connectionObject({ type: VolumeRef, name: 'VolumeConnection' }, { name: 'VolumeEdge' })
const NetworkConnection = builder.connectionObject({ type: NetworkRef, name: 'NetworkConnection' }, { name: 'NetworkEdge' })

const ContainerFilter = builder.inputType('ContainerFilter', {
  fields: (t) => ({
    nodeIds: t.idList(),
    states: t.field({ type: [ContainerState] }),
    search: t.string({ description: 'Part of the name, the image or the project.' }),
  }),
})
const ThingFilter = builder.inputType('ThingFilter', {
  fields: (t) => ({
    nodeIds: t.idList(),
    search: t.string({ description: 'Part of a name.' }),
    unused: t.boolean({ description: 'Only those that no container uses.' }),
  }),
})

interface Criteria {
  nodeIds?: string[] | null
  states?: NodeContainer['state'][] | null
  search?: string | null
  unused?: boolean | null
}
type PageArgs = Parameters<typeof page>[1]

/** What needs someone to look comes first. */
function rankOf({ state, health, exitCode }: SeenContainer): number {
  if (health === 'unhealthy' || state === 'restarting' || state === 'dead') return 0
  if (state === 'exited' && exitCode !== 0) return 1
  return state === 'running' ? 2 : 3
}

function pageOfContainers(user: UserApi, args: PageArgs, { nodeIds, states, search }: Criteria) {
  const part = search?.toLowerCase()
  const isOfState = isAmong(states)
  const found = user.engine
    .containers(nodeIds)
    .filter(({ state }) => isOfState(state))
    .filter(({ name, image, project }) => !part || `${name} ${image} ${project ?? ''}`.toLowerCase().includes(part))
  return page(found, args, (each) => `${rankOf(each)} ${each.name} ${each.nodeId} ${each.id}`)
}

type Findable = { id: string; nodeId: string; usedBy: ThingUser[] }

/** By name. */
function pageOf<T extends Findable>(found: T[], args: PageArgs, { search, unused }: Criteria, nameOf: (thing: T) => string) {
  const part = search?.toLowerCase()
  const wanted = found
    .filter(({ usedBy }) => !unused || usedBy.length === 0)
    .filter((each) => !part || nameOf(each).toLowerCase().includes(part))
  return page(wanted, args, (each) => `${nameOf(each)} ${each.nodeId} ${each.id}`)
}

/** Those with a name come first. */
const nameOfImage = ({ tags, digests, id }: SeenImage): string => [...tags, ...digests].join(' ') || `~ ${id}`
const pageOfImages = (user: UserApi, args: PageArgs, by: Criteria) => pageOf(user.engine.images(by.nodeIds), args, by, nameOfImage)
const pageOfVolumes = (user: UserApi, args: PageArgs, by: Criteria) => pageOf(user.engine.volumes(by.nodeIds), args, by, ({ id }) => id)
const pageOfNetworks = (user: UserApi, args: PageArgs, by: Criteria) =>
  pageOf(user.engine.networks(by.nodeIds), args, by, ({ name }) => name)

builder.objectFields(NodeRef, (t) => ({
  containers: t.field({
    type: ContainerConnection,
    description: 'All containers on the node, also stopped ones and those of no app. What needs attention comes first.',
    complexity: costOfPage,
    args: t.arg.connectionArgs(),
    resolve: ({ id }, args, { user }) => pageOfContainers(user, args, { nodeIds: [id] }),
  }),
  images: t.field({
    type: ImageConnection,
    complexity: costOfPage,
    args: t.arg.connectionArgs(),
    resolve: ({ id }, args, { user }) => pageOfImages(user, args, { nodeIds: [id] }),
  }),
  volumes: t.field({
    type: VolumeConnection,
    complexity: costOfPage,
    args: t.arg.connectionArgs(),
    resolve: ({ id }, args, { user }) => pageOfVolumes(user, args, { nodeIds: [id] }),
  }),
  networks: t.field({
    type: NetworkConnection,
    complexity: costOfPage,
    args: t.arg.connectionArgs(),
    resolve: ({ id }, args, { user }) => pageOfNetworks(user, args, { nodeIds: [id] }),
  }),
}))

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

const SizeRef = builder.objectRef<{ id: string; sizeBytes: number }>('ThingSize').implement({
  fields: (t) => ({ id: t.exposeID('id'), sizeBytes: t.field({ type: 'BigInt', resolve: ({ sizeBytes }) => sizeBytes }) }),
})
const DiskUsageRef = builder.objectRef<DiskUsage>('DiskUsage').implement({
  description: "What takes how much of a node's disk. Measured when someone asks, at most once a minute.",
  fields: (t) => ({
    asOf: t.field({ type: 'DateTime', resolve: ({ asOf }) => asOf }),
    imagesBytes: t.field({ type: 'BigInt', resolve: ({ imagesBytes }) => imagesBytes }),
    containersBytes: t.field({ type: 'BigInt', description: 'What containers wrote.', resolve: ({ containersBytes }) => containersBytes }),
    volumesBytes: t.field({ type: 'BigInt', resolve: ({ volumesBytes }) => volumesBytes }),
    buildCacheBytes: t.field({ type: 'BigInt', resolve: ({ buildCacheBytes }) => buildCacheBytes }),
    volumes: t.field({ type: [SizeRef], resolve: ({ volumes }) => volumes.map(({ name: id, sizeBytes }) => ({ id, sizeBytes })) }),
    containers: t.field({ type: [SizeRef], resolve: ({ containers }) => containers }),
  }),
})

const PruneItemRef = builder.objectRef<PruneItem>('PruneItem').implement({
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    sizeBytes: t.field({ type: 'BigInt', nullable: true, resolve: ({ sizeBytes }) => sizeBytes }),
    detail: t.exposeString('detail', { nullable: true }),
  }),
})
const KeptThingRef = builder.objectRef<PruneResult['kept'][number]>('KeptThing').implement({
  description: 'Something that nothing uses now and that stays.',
  fields: (t) => ({ name: t.exposeString('name'), reason: t.exposeString('reason') }),
})
const PruneResultRef = builder.objectRef<PruneResult>('PruneResult').implement({
  fields: (t) => ({
    isPreview: t.exposeBoolean('isPreview'),
    items: t.field({ type: [PruneItemRef], description: 'What goes, or has gone.', resolve: ({ items }) => items }),
    more: t.exposeInt('more', { description: 'How many there are beyond those listed. They stay.' }),
    names: t.stringList({ resolve: ({ items }) => items.map(({ name }) => name) }),
    bytes: t.field({
      type: 'BigInt',
      description: 'How much becomes free, as far as it is known.',
      resolve: ({ freedBytes }) => freedBytes,
    }),
    kept: t.field({ type: [KeptThingRef], resolve: ({ kept }) => kept }),
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
  images: t.field({
    type: ImageConnection,
    complexity: costOfPage,
    args: { ...t.arg.connectionArgs(), filter: t.arg({ type: ThingFilter }) },
    resolve: (_root, { filter, ...args }, { user }) => pageOfImages(user, args, filter ?? {}),
  }),
  volumes: t.field({
    type: VolumeConnection,
    complexity: costOfPage,
    args: { ...t.arg.connectionArgs(), filter: t.arg({ type: ThingFilter }) },
    resolve: (_root, { filter, ...args }, { user }) => pageOfVolumes(user, args, filter ?? {}),
  }),
  networks: t.field({
    type: NetworkConnection,
    complexity: costOfPage,
    args: { ...t.arg.connectionArgs(), filter: t.arg({ type: ThingFilter }) },
    resolve: (_root, { filter, ...args }, { user }) => pageOfNetworks(user, args, filter ?? {}),
  }),
}))

builder.queryFields((t) => ({
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
  diskUsage: t.field({
    type: DiskUsageRef,
    nullable: true,
    args: { nodeId: t.arg.id({ required: true }) },
    resolve: (_root, { nodeId }, { user }) => user.engine.diskUsage(nodeId),
  }),
}))

builder.mutationFields((t) => ({
  containerAction: t.field({
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
  pullImage: t.field({
    type: OperationRef,
    ...action(engineActions.pullImage),
    description: 'Pulls an image with the logins of this cluster. The operation belongs to the node and to no app.',
    args: { nodeId: t.arg.id({ required: true }), image: t.arg.string({ required: true }) },
    resolve: (_root, { nodeId, image }, { user }) => user.engine.pullImage(nodeId, image),
  }),
}))

builder.mutationFields((t) => ({
  removeImage: t.field({
    type: 'ID',
    ...action(engineActions.removeImage),
    description: 'Removes an image with all of its names. CONFLICT while a container uses it, or it is held for a rollback.',
    args: { nodeId: t.arg.id({ required: true }), id: t.arg.id({ required: true }) },
    resolve: (_root, { nodeId, id }, { user }) => user.engine.removeImage(nodeId, id),
  }),
  removeVolume: t.field({
    type: 'ID',
    ...action(engineActions.removeVolume),
    description: 'Removes a volume with its data. CONFLICT while a container uses it.',
    args: { nodeId: t.arg.id({ required: true }), name: t.arg.string({ required: true }) },
    resolve: (_root, { nodeId, name }, { user }) => user.engine.removeVolume(nodeId, name),
  }),
  removeNetwork: t.field({
    type: 'ID',
    ...action(engineActions.removeNetwork),
    description: 'Removes a network. CONFLICT while a container is in it.',
    args: { nodeId: t.arg.id({ required: true }), id: t.arg.id({ required: true }) },
    resolve: (_root, { nodeId, id }, { user }) => user.engine.removeNetwork(nodeId, id),
  }),
  prune: t.field({
    type: PruneResultRef,
    ...action(engineActions.prune),
    description: 'Says what nothing uses, or removes it. What belongs to an app, running or not, or is held for a rollback stays.',
    args: {
      nodeId: t.arg.id({ required: true }),
      kind: t.arg({ type: PruneKind, required: true }),
      preview: t.arg.boolean({ required: true, defaultValue: true }),
      items: t.arg.idList({ description: 'Ids from a preview: nothing else goes. Without them, what a preview would list now.' }),
    },
    resolve: (_root, { nodeId, ...input }, { user }) => user.engine.prune(nodeId, input),
  }),
}))

const ThingsChangedRef = builder.objectRef<{ nodeId: string; kind: (typeof thingKinds)[number] }>('ThingsChanged').implement({
  fields: (t) => ({ nodeId: t.exposeID('nodeId'), kind: t.field({ type: ThingKindRef, resolve: ({ kind }) => kind }) }),
})

builder.subscriptionFields((t) => ({
  thingsChanged: t.field({
    type: ThingsChangedRef,
    description: 'Which list of which node has changed.',
    subscribe: (_root, _args, { user }) => user.engine.watch(),
    resolve: (change) => change,
  }),
}))
