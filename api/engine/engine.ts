import type { Task } from '../apps/operation-execution.ts'
import type { OperationKind } from '../apps/operation.ts'
import type { OperationInput } from '../apps/operations/operation-input.ts'
import type { Operations } from '../apps/operations.ts'
import type { Clock } from '../clock.ts'
import type { EngineThings } from '../docker/engine-things.types.ts'
import type { RegistryLogin } from '../docker/engine.types.ts'
import { createEventHub } from '../events.ts'
import type { Log } from '../log.ts'
import type { AppsHere } from './apps-here.ts'
import { createContainerActs } from './container-acts.ts'
import { createContainerEndings } from './container-endings.ts'
import { createDiskUsage } from './disk-usage.ts'
import { createInside } from './inside.ts'
import { createPrune } from './prune.ts'
import { createPull } from './pull.ts'
import { createThingRemoval } from './thing-removal.ts'
import { createThingsRead } from './things-read.ts'
import { createThingsWatch } from './things-watch.ts'
import type { ChangedThing, ThingKind } from './thing.ts'
import { createUses } from './uses.ts'

export interface EngineEvents {
  thing: ChangedThing
  thingGone: { kind: ThingKind; id: string }
}

export type EngineRoom = ReturnType<typeof createEngineRoom>

/** Who asks what a prune frees waits this long for sizes. Then the answer says how many are not known. */
const sizesWithinMs = 20_000

/** The containers, images, volumes and networks of this node, whoever made them. */
export function createEngineRoom(deps: {
  things: EngineThings
  apps: AppsHere
  operations: Pick<Operations, 'enqueue'>
  loginsFor: (images: string[]) => Promise<RegistryLogin[]>
  ownContainer: () => Promise<string | null>
  clock: Clock
  log: Log
}) {
  const { things, apps, clock } = deps
  const events = createEventHub<EngineEvents>()
  let self: string | null = null
  const endings = createContainerEndings({ things })
  const { read } = createThingsRead({ things, apps, endings, selfContainer: () => self })
  const watch = createThingsWatch({
    ...{ things, read, clock, log: deps.log },
    heard: endings.heard,
    forgetAll: endings.forgetAll,
    onChange: (changed) => events.emit('thing', changed),
    onGone: (kind, id) => events.emit('thingGone', { kind, id }),
  })
  const { list, find, refresh, catchUp } = watch
  const findContainer = (id: string) => find('container', id) ?? list('container').find((each) => id.length >= 12 && each.id.startsWith(id))
  const uses = createUses({ containers: () => list('container'), apps })
  const removal = createThingRemoval({ things, uses, find, refresh })
  const diskUsage = createDiskUsage({ things, clock })
  const inside = createInside({ things, apps, find: findContainer })
  const acts = createContainerActs({
    ...{ things, apps, clock, find: findContainer, actedBy: endings.actedBy, doubt: endings.doubt, refresh, catchUp },
  })
  const pull = createPull({ ...deps, catchUp })

  return {
    events,
    list,
    moreOf: watch.moreOf,
    ...inside,
    act: acts.act,
    removeImage: (id: string) => removal.image(id).finally(() => catchUp(['image'])),
    removeVolume: (id: string) => removal.volume(id).finally(() => catchUp(['volume'])),
    removeNetwork: (id: string) => removal.network(id).finally(() => catchUp(['network'])),
    prune: createPrune({ things, removal, uses, list, refresh, catchUp, diskUsage: () => soon(clock, diskUsage) }),
    diskUsage,
    pullImage: pull.start,
    /** What carries out an operation of this node that belongs to no app; null for one that is not known here. */
    taskOf: (kind: OperationKind, input: OperationInput | null): Task | null =>
      kind === 'pull_image' && input?.image ? pull.taskOf(input.image) : null,
    /** Apps have changed, so things may belong to others now. */
    appsChanged: (): void => watch.readSoon(['container', 'volume', 'network']),
    async start(): Promise<void> {
      self = await deps.ownContainer()
      watch.start()
    },
    stop: watch.stop,
  }
}

/** Null when it takes too long. */
const soon = <T>(clock: Clock, ask: () => Promise<T>): Promise<T | null> =>
  new Promise((resolve) => {
    const cancel = clock.after(sizesWithinMs, () => resolve(null))
    ask()
      .then(resolve, () => resolve(null))
      .finally(cancel)
  })
