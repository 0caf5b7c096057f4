import { thingKinds, type ThingKind, type ThingLabel } from '../api/engine/thing.ts'
import type { SeenImage, SeenVolume, ThingUser } from '../api/user/engine.ts'
import { nameOfImage, nameOfNetwork, nameOfVolume, type ThingCriteria } from '../api/user/thing-criteria.ts'
import type { UserApi } from '../api/user/user-api.ts'
import { builder, costOfPage } from './builder.ts'
import { upperCased } from './enum-values.ts'
import { NetworkRef } from './networks.ts'
import { page, type PageArgs } from './page.ts'
import { NodeRef } from './refs.ts'

/** Images, volumes and networks of all nodes, whoever made them. */

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

export const LabelRef = builder.objectRef<ThingLabel>('ThingLabel').implement({
  description: 'A label that Docker keeps. Values that may be secret are masked.',
  fields: (t) => ({ name: t.exposeString('name'), value: t.exposeString('value') }),
})

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
    isAnonymous: t.exposeBoolean('isAnonymous', { description: 'Docker made it for a container, and nobody named it.' }),
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

const ImageConnection = builder.connectionObject({ type: ImageRef, name: 'ImageConnection' }, { name: 'ImageEdge' })
const VolumeConnection = builder.connectionObject({ type: VolumeRef, name: 'VolumeConnection' }, { name: 'VolumeEdge' })
const NetworkConnection = builder.connectionObject({ type: NetworkRef, name: 'NetworkConnection' }, { name: 'NetworkEdge' })

const ThingFilter = builder.inputType('ThingFilter', {
  fields: (t) => ({
    nodeIds: t.idList(),
    search: t.string({ description: 'Part of a name.' }),
    unused: t.boolean({ description: 'Only those that no container uses.' }),
  }),
})

/** By name. */
const pageOf = <T extends { id: string; nodeId: string }>(found: T[], args: PageArgs, nameOf: (thing: T) => string) =>
  page(found, args, (each) => `${nameOf(each)} ${each.nodeId} ${each.id}`)
const pageOfImages = (user: UserApi, args: PageArgs, by: ThingCriteria) => pageOf(user.engine.images(by), args, nameOfImage)
const pageOfVolumes = (user: UserApi, args: PageArgs, by: ThingCriteria) => pageOf(user.engine.volumes(by), args, nameOfVolume)
const pageOfNetworks = (user: UserApi, args: PageArgs, by: ThingCriteria) => pageOf(user.engine.networks(by), args, nameOfNetwork)

builder.objectFields(NodeRef, (t) => ({
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

builder.queryFields((t) => ({
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

const ThingsChangedRef = builder.objectRef<{ nodeId: string; kind: ThingKind }>('ThingsChanged').implement({
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
