import type { Clock } from '../clock.ts'

/** One running program that uses a node's identity, as it shows itself. */
export interface Machine {
  instanceId: string
  hostname: string
  /** Where its calls come from. */
  address: string
}

interface Seen extends Machine {
  lastHeard: number
}

/** A program that was not heard for this long is taken for gone: three heartbeats. */
const goneAfterMs = 200_000
/** How many former programs of one node are remembered: a node in a restart loop is no clone. */
const rememberedPerNode = 8

export type Clones = ReturnType<typeof createCloneWatch>

/**
 * Tells two machines with one identity (a copied disk, a restored backup) from one that was restarted: a restart brings a
 * new instance and the former is never heard again; of a copy both go on. The one that was there first stays; the other
 * is refused and named until one of them has been silent for some minutes.
 */
/** @param onChange a copy was noticed, or is gone */
export function createCloneWatch({ clock, onChange }: { clock: Clock; onChange: (nodeId: string) => void }) {
  const owners = new Map<string, Seen>()
  const former = new Map<string, Seen[]>()
  const copies = new Map<string, { copy: Seen; since: Date }>()

  const isGone = ({ lastHeard }: Seen): boolean => clock.now().getTime() - lastHeard > goneAfterMs

  function remember(nodeId: string, seen: Seen): void {
    const others = (former.get(nodeId) ?? []).filter(({ instanceId }) => instanceId !== seen.instanceId)
    former.set(nodeId, [seen, ...others].slice(0, rememberedPerNode))
  }

  function settle(nodeId: string): void {
    const found = copies.get(nodeId)
    if (!found) return
    const owner = owners.get(nodeId)
    if (owner && isGone(owner)) {
      owners.set(nodeId, found.copy)
      former.delete(nodeId)
    } else if (!isGone(found.copy)) return
    copies.delete(nodeId)
    onChange(nodeId)
  }

  return {
    /** A program has proved the node's key. @returns whether it is the node; false for a copy of it */
    heard(nodeId: string, machine: Machine): boolean {
      settle(nodeId)
      const seen: Seen = { ...machine, lastHeard: clock.now().getTime() }
      const owner = owners.get(nodeId)
      if (!owner || owner.instanceId === machine.instanceId) {
        owners.set(nodeId, seen)
        return true
      }
      const copy = copies.get(nodeId)
      if (copy) {
        if (copy.copy.instanceId === machine.instanceId) copy.copy = seen
        // Neither of the two: one of them was restarted. The owner's place is kept by where it is.
        else if (machine.address === owner.address && machine.hostname === owner.hostname) {
          owners.set(nodeId, seen)
          return true
        } else copy.copy = seen
        return false
      }
      const back = former.get(nodeId)?.find(({ instanceId }) => instanceId === machine.instanceId)
      if (back && !isGone(back)) {
        // It was heard before the one that took its place, and is heard again: both run.
        owners.set(nodeId, seen)
        copies.set(nodeId, { copy: owner, since: clock.now() })
        onChange(nodeId)
        return true
      }
      remember(nodeId, owner)
      owners.set(nodeId, seen)
      return true
    },

    /** To be called now and then, so that what is over is told. */
    tick(): void {
      for (const nodeId of [...copies.keys()]) settle(nodeId)
    },

    /** The two machines that use a node's identity, the node itself first; null for a node that has no copy. */
    copyOf(nodeId: string): { since: Date; machines: [Machine, Machine] } | null {
      const found = copies.get(nodeId)
      const owner = owners.get(nodeId)
      return found && owner ? { since: found.since, machines: [owner, found.copy] } : null
    },

    /** Where the node's last call came from; undefined when it has not called since the start. */
    calledFrom: (nodeId: string): string | undefined => owners.get(nodeId)?.address,

    forget(nodeId: string): void {
      owners.delete(nodeId)
      former.delete(nodeId)
      copies.delete(nodeId)
    },
  }
}
