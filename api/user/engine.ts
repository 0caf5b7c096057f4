import type { Operation } from '../apps/operation.ts'
import type { Container } from '../apps/app.ts'
import { engineCalls } from '../cluster/calls/engine-calls.ts'
import { actionsOf, type InputTo } from '../cluster/calls/declared-call.ts'
import type { Inventory, InventoryApp } from '../cluster/feed/inventory.ts'
import type { Known } from '../cluster/feed/known-things.ts'
import type { NodeRegistry } from '../cluster/members/node-registry.ts'
import type { NodeActions, NodeRouter } from '../cluster/node-router.ts'
import type {
  ContainerAction,
  ContainerDetails,
  ContainerProcesses,
  DiskUsage,
  NodeContainer,
  PruneResult,
  ThingKind,
} from '../engine/thing.ts'
import { AppError } from '../errors.ts'
import type { Access } from './access.ts'
import { wordsOfPlace } from './list-criteria.ts'
import {
  containersLike,
  nameOfImage,
  nameOfNetwork,
  nameOfVolume,
  thingsLike,
  type ContainerCriteria,
  type ThingCriteria,
} from './thing-criteria.ts'

/** Declared with the calls that carry them out. The target is the node. */
export const engineActions = actionsOf({
  containerAction: engineCalls.containerAction,
  pullImage: engineCalls.pullImage,
  removeImage: engineCalls.removeImage,
  removeVolume: engineCalls.removeVolume,
  removeNetwork: engineCalls.removeNetwork,
  prune: engineCalls.prune,
})

/** A container that uses an image, a volume or a network. */
export interface ThingUser {
  containerId: string
  name: string
  appId: string | null
}

type Used = { usedBy: ThingUser[] }
/** On a node that is not online, or whose Docker does not answer, its state is unknown. */
export type SeenContainer = Known<'container'> & { lastKnownState: NodeContainer['state'] }
export type SeenImage = Known<'image'> & Used
export type SeenVolume = Known<'volume'> & Used
export type SeenNetwork = Known<'network'> & Used

const userOf = ({ id, name, appId }: NodeContainer): ThingUser => ({ containerId: id, name, appId })

/** Which containers use each thing: `keysOf` says which things one uses. */
function usersBy(containers: NodeContainer[], keysOf: (container: NodeContainer) => string[]): Map<string, ThingUser[]> {
  const users = new Map<string, ThingUser[]>()
  for (const container of containers) {
    for (const key of keysOf(container)) users.set(key, [...(users.get(key) ?? []), userOf(container)])
  }
  return users
}

/** What the Engines of the nodes that a caller sees hold, and what the caller can do with it. */
export function createUserEngine(deps: {
  access: Access
  inventory: Inventory
  router: NodeRouter
  registry: NodeRegistry
  /** Since when a node's Docker does not answer; null while it does. */
  dockerAway: (nodeId: string) => { since: Date } | null
}) {
  const { access, inventory, router } = deps
  const { need, sight } = access
  const { name: caller } = access.caller

  const nodesOf = (wanted: readonly string[] | null | undefined): string[] => {
    const ids = new Set(wanted)
    return deps.registry.list().flatMap(({ id }) => (sight.sees(id) && (!wanted || ids.has(id)) ? id : []))
  }
  /** Of a node whose Docker does not answer, nothing newer is known. */
  function asOf({ nodeId, asOf: heardAt }: { nodeId: string; asOf: Date }): Date {
    const since = deps.dockerAway(nodeId)?.since
    return since && since < heardAt ? since : heardAt
  }
  const seen = (container: Known<'container'>): SeenContainer => {
    const { nodeId, state } = container
    const isKnown = sight.findNode(nodeId)?.health.status === 'online' && deps.dockerAway(nodeId) === null
    return { ...container, asOf: asOf(container), state: isKnown ? state : 'unknown', lastKnownState: state }
  }

  const used = <T extends { nodeId: string; asOf: Date }>(thing: T, usedBy: ThingUser[] = []): T & Used => ({
    ...thing,
    asOf: asOf(thing),
    usedBy,
  })
  function imagesOf(nodeId: string): SeenImage[] {
    const users = usersBy(inventory.things(nodeId, 'container'), ({ imageId }) => [imageId])
    return inventory.things(nodeId, 'image').map((image) => used(image, users.get(image.id)))
  }
  function volumesOf(nodeId: string): SeenVolume[] {
    const users = usersBy(inventory.things(nodeId, 'container'), ({ volumes }) => volumes)
    return inventory.things(nodeId, 'volume').map((volume) => used(volume, users.get(volume.id)))
  }
  function networksOf(nodeId: string): SeenNetwork[] {
    const users = usersBy(inventory.things(nodeId, 'container'), ({ networks }) => networks)
    return inventory.things(nodeId, 'network').map((network) => used(network, users.get(network.name)))
  }

  const on = (nodeId: string): NodeActions => router.forNode(sight.node(nodeId).id, caller)
  /** Says the container's name beside its id in the audit log. */
  const subjectOf = (nodeId: string, kind: ThingKind, id: string): string => {
    const thing = sight.findNode(nodeId) && inventory.thing(nodeId, kind, id)
    return thing && 'name' in thing ? `${thing.name} (${id.slice(0, 12)})` : id
  }
  const act = <T>(
    name: Exclude<keyof typeof engineActions, 'pullImage'>,
    nodeId: string,
    words: string,
    run: (node: NodeActions) => Promise<T>,
  ) => access.act(engineActions[name], { id: nodeId, words }, async () => run(on(nodeId)))

  return {
    containers: (wanted: ContainerCriteria = {}): SeenContainer[] =>
      containersLike(
        nodesOf(wanted.nodeIds).flatMap((id) => inventory.things(id, 'container').map(seen)),
        wanted,
        ({ nodeId, appId }) => [appId && sight.findApp(appId)?.name, ...wordsOfPlace(sight.findNode(nodeId))],
      ),
    images: (wanted: ThingCriteria = {}): SeenImage[] => thingsLike(nodesOf(wanted.nodeIds).flatMap(imagesOf), wanted, nameOfImage),
    volumes: (wanted: ThingCriteria = {}): SeenVolume[] => thingsLike(nodesOf(wanted.nodeIds).flatMap(volumesOf), wanted, nameOfVolume),
    networks: (wanted: ThingCriteria = {}): SeenNetwork[] => thingsLike(nodesOf(wanted.nodeIds).flatMap(networksOf), wanted, nameOfNetwork),

    findContainer(nodeId: string, id: string): SeenContainer | undefined {
      const found = sight.findNode(nodeId) && inventory.thing(nodeId, 'container', id)
      return found && seen(found)
    },
    /** A container of an app, with what only the node's list of containers says of it. */
    ofApp: ({ nodeId, id, asOf }: InventoryApp, container: Container): Container & Partial<SeenContainer> => ({
      ...inventory.thing(nodeId, 'container', container.id),
      ...container,
      ...{ nodeId, appId: id, asOf, lastKnownState: container.state },
    }),
    appName: (appId: string | null): string | null => (appId && sight.findApp(appId)?.name) ?? null,
    /** Which list of which node changed. */
    watch: () =>
      access.watch('things', {
        seen: (change) => (sight.sees(change.nodeId) ? change : undefined),
        keyOf: ({ nodeId, kind }) => `${nodeId} ${kind}`,
      }),

    /** Null for one that does not exist. @throws NODE_UNREACHABLE, DOCKER_UNAVAILABLE */
    details: (nodeId: string, containerId: string): Promise<ContainerDetails | null> =>
      orNull(async () => on(nodeId).containerDetails({ containerId })),
    /** Arguments of programs can be secret. @throws FORBIDDEN as well */
    async processes(nodeId: string, containerId: string): Promise<ContainerProcesses | null> {
      need('app.change')
      return orNull(async () => on(nodeId).containerProcesses({ containerId }))
    },
    async inspection(nodeId: string, containerId: string): Promise<string | null> {
      need('app.change')
      return (await orNull(async () => on(nodeId).inspectContainer({ containerId })))?.json ?? null
    },
    diskUsage: (nodeId: string): Promise<DiskUsage | null> => orNull(async () => on(nodeId).diskUsage({})),

    async containerAction(nodeId: string, containerId: string, action: ContainerAction): Promise<SeenContainer> {
      const words = `: ${action} ${subjectOf(nodeId, 'container', containerId)}`
      const container = await act('containerAction', nodeId, words, (node) => node.containerAction({ containerId, action }))
      return { ...container, nodeId, asOf: new Date(), lastKnownState: container.state }
    },
    async pullImage(nodeId: string, image: string): Promise<Operation> {
      const run = async () => ({ operation: await on(nodeId).pullImage({ image }) })
      const { operation } = await access.start(engineActions.pullImage, { id: nodeId, words: `: ${image.slice(0, 300)}` }, run)
      inventory.learnOperation(nodeId, operation)
      return operation
    },
    removeImage: (nodeId: string, id: string): Promise<string> =>
      act('removeImage', nodeId, `: ${inventory.thing(nodeId, 'image', id)?.tags[0] ?? id}`, (node) => node.removeImage({ id })),
    removeVolume: (nodeId: string, id: string): Promise<string> =>
      act('removeVolume', nodeId, `: ${id}`, (node) => node.removeVolume({ id })),
    removeNetwork: (nodeId: string, id: string): Promise<string> =>
      act('removeNetwork', nodeId, `: ${subjectOf(nodeId, 'network', id)}`, (node) => node.removeNetwork({ id })),
    prune: (nodeId: string, input: InputTo<typeof engineCalls.prune>): Promise<PruneResult> =>
      act('prune', nodeId, `: ${input.kind}${input.preview ? ', preview only' : ''}`, (node) => node.prune(input)),
  }
}

/** What does not exist is null in a query. */
async function orNull<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof AppError && error.code === 'NOT_FOUND') return null
    throw error
  }
}
