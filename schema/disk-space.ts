import { pruneKinds, type DiskUsage, type PruneItem, type PruneResult } from '../api/engine/thing.ts'
import { engineActions } from '../api/user/engine.ts'
import { action, builder } from './builder.ts'
import { upperCased } from './enum-values.ts'
import { OperationRef } from './refs.ts'

/** What takes a node's disk, and how to free it. */

const PruneKind = builder.enumType('PruneKind', { values: upperCased(pruneKinds) })

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
    freesBytes: t.field({
      type: 'BigInt',
      nullable: true,
      description: 'What becomes free when only this goes: an image shares layers with others. Null when it was not measured.',
      resolve: ({ freesBytes }) => freesBytes,
    }),
    detail: t.exposeString('detail', { nullable: true }),
    isNamedData: t.exposeBoolean('isNamedData', { description: 'A volume with a name: its data may be wanted.' }),
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
      description: 'How much becomes free, a layer that images share counted once. Without the items that were not measured.',
      resolve: ({ freedBytes }) => freedBytes,
    }),
    unmeasured: t.exposeInt('unmeasured', { description: 'How many items `bytes` leaves out.' }),
    kept: t.field({ type: [KeptThingRef], resolve: ({ kept }) => kept }),
  }),
})

builder.queryField('diskUsage', (t) =>
  t.field({
    type: DiskUsageRef,
    nullable: true,
    args: { nodeId: t.arg.id({ required: true }) },
    resolve: (_root, { nodeId }, { user }) => user.engine.diskUsage(nodeId),
  }),
)

builder.mutationFields((t) => ({
  pullImage: t.field({
    type: OperationRef,
    ...action(engineActions.pullImage),
    description: 'Pulls an image with the logins of this cluster. The operation belongs to the node and to no app.',
    args: { nodeId: t.arg.id({ required: true }), image: t.arg.string({ required: true }) },
    resolve: (_root, { nodeId, image }, { user }) => user.engine.pullImage(nodeId, image),
  }),
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
