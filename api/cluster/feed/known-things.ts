import { bounds } from '../../bounds.ts'
import { thingKinds, type Thing, type ThingKind, type ThingOf } from '../../engine/thing.ts'
import { createMemoryShares } from '../limits/memory-share.ts'
import type { ClusterNode } from '../members/cluster-node.ts'

/** A container, image, volume or network of any node, as far as this primary knows it. */
export type Known<Kind extends ThingKind> = ThingOf[Kind] & {
  nodeId: string
  /** When it was last known to be so. */
  asOf: Date
}

export interface KeptThing {
  nodeId: string
  kind: ThingKind
  thing: Thing
}

/** As much as a node may send of one kind, twice over, because what is kept here is larger than JSON. */
const shareOf = (kind: ThingKind) => createMemoryShares({ mostThings: bounds.thing[kind], mostWeight: 2 * bounds.thing.listBytes })

export const keyOfThing = (nodeId: string, kind: ThingKind, id: string): string => `${nodeId} ${kind} ${id}`

export type KnownThings = ReturnType<typeof createKnownThings>

/** What the Engines of all nodes hold, within a limit per node and kind. */
export function createKnownThings(deps: {
  findNode: (id: string) => ClusterNode | undefined
  heardAt: (nodeId: string) => Date | null
  onThings: (nodeId: string, kind: ThingKind) => void
}) {
  const kept = new Map<string, KeptThing>()
  /** Keys by node and kind, because lists are read far more often than they change. */
  const ofNode = new Map<string, Set<string>>()
  const shares = { container: shareOf('container'), image: shareOf('image'), volume: shareOf('volume'), network: shareOf('network') }
  /** Keys of what has changed since it was last saved. */
  const dirty = new Set<string>()

  function store({ nodeId, kind, thing }: KeptThing): boolean {
    const key = keyOfThing(nodeId, kind, thing.id)
    const weight = JSON.stringify(thing).length
    if (!shares[kind].fits(nodeId, thing.id, weight)) return false
    shares[kind].put(nodeId, thing.id, weight)
    kept.set(key, { nodeId, kind, thing })
    const place = `${nodeId} ${kind}`
    ofNode.set(place, (ofNode.get(place) ?? new Set()).add(key))
    return true
  }

  function put(nodeId: string, kind: ThingKind, thing: Thing): void {
    if (store({ nodeId, kind, thing })) dirty.add(keyOfThing(nodeId, kind, thing.id))
  }

  function drop(nodeId: string, kind: ThingKind, id: string): void {
    const key = keyOfThing(nodeId, kind, id)
    if (!kept.delete(key)) return
    ofNode.get(`${nodeId} ${kind}`)?.delete(key)
    shares[kind].remove(nodeId, id)
    dirty.add(key)
  }

  const keysOf = (nodeId: string, kind: ThingKind): string[] => [...(ofNode.get(`${nodeId} ${kind}`) ?? [])]

  function asOf(nodeId: string): Date {
    const node = deps.findNode(nodeId)
    return deps.heardAt(nodeId) ?? node?.health.lastSeen ?? node?.createdAt ?? new Date(0)
  }

  return {
    dirty,
    kept: (key: string): KeptThing | undefined => kept.get(key),
    /** Takes over one that was saved. */
    restore: (thing: KeptThing): void => void store(thing),

    putAll(nodeId: string, kind: ThingKind, list: Thing[], others: string[]): void {
      const named = new Set([...list.map(({ id }) => id), ...others])
      for (const key of keysOf(nodeId, kind)) {
        const id = kept.get(key)?.thing.id
        if (id !== undefined && !named.has(id)) drop(nodeId, kind, id)
      }
      for (const thing of list) put(nodeId, kind, thing)
      deps.onThings(nodeId, kind)
    },

    put(nodeId: string, kind: ThingKind, thing: Thing): void {
      put(nodeId, kind, thing)
      deps.onThings(nodeId, kind)
    },

    drop(nodeId: string, kind: ThingKind, id: string): void {
      drop(nodeId, kind, id)
      deps.onThings(nodeId, kind)
    },

    dropNode(nodeId: string): void {
      for (const kind of thingKinds) {
        for (const key of keysOf(nodeId, kind)) {
          kept.delete(key)
          dirty.add(key)
        }
        ofNode.delete(`${nodeId} ${kind}`)
        shares[kind].forget(nodeId)
      }
    },

    /** Those of one node. */
    list<Kind extends ThingKind>(nodeId: string, kind: Kind): Known<Kind>[] {
      const at = asOf(nodeId)
      return keysOf(nodeId, kind).flatMap((key) => {
        const found = kept.get(key)
        // What is kept under a kind is of that kind.
        return found ? [{ ...(found.thing as ThingOf[Kind]), nodeId, asOf: at }] : []
      })
    },

    find<Kind extends ThingKind>(nodeId: string, kind: Kind, id: string): Known<Kind> | undefined {
      const found = kept.get(keyOfThing(nodeId, kind, id))
      return found && { ...(found.thing as ThingOf[Kind]), nodeId, asOf: asOf(nodeId) }
    },
  }
}
