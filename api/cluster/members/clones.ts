import type { Clock } from '../../clock.ts'

/** A running program that uses a node's identity, as it describes itself. */
export interface Machine {
  instanceId: string
  hostname: string
  /** Where its calls come from. */
  address: string
}

interface Seen extends Machine {
  lastHeard: number
}

/** A program silent for this long (three heartbeats and some slack) counts as stopped. */
const goneAfterMs = 200_000
/** How many earlier instances of a node are remembered. Bounded because a node in a restart loop makes a new one each time. */
const rememberedPerNode = 8

export type Clones = ReturnType<typeof createCloneWatch>

/**
 * Tells two machines with the same identity (a copied disk, a restored backup) from a restart. After a restart only the new
 * instance calls; with a copy, both keep calling. The machine that was there first keeps the identity. The other is refused
 * and reported until one of them has been silent for some minutes.
 *
 * @param onChange called when a copy appears or goes away
 */
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
    /** Call when a program has proved the node's key. @returns true for the node itself, false for a copy */
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
        // A third instance: one of the two was restarted. The owner is recognized by its address and host name.
        else if (machine.address === owner.address && machine.hostname === owner.hostname) {
          owners.set(nodeId, seen)
          return true
        } else copy.copy = seen
        return false
      }
      const back = former.get(nodeId)?.find(({ instanceId }) => instanceId === machine.instanceId)
      if (back && !isGone(back)) {
        // It called before the instance that replaced it, and now calls again, so both are running.
        owners.set(nodeId, seen)
        copies.set(nodeId, { copy: owner, since: clock.now() })
        onChange(nodeId)
        return true
      }
      remember(nodeId, owner)
      owners.set(nodeId, seen)
      return true
    },

    /** Call regularly. Reports copies that have gone away. */
    tick(): void {
      for (const nodeId of [...copies.keys()]) settle(nodeId)
    },

    /** The two machines that use a node's identity, the node itself first. Null if the node has no copy. */
    copyOf(nodeId: string): { since: Date; machines: [Machine, Machine] } | null {
      const found = copies.get(nodeId)
      const owner = owners.get(nodeId)
      return found && owner ? { since: found.since, machines: [owner, found.copy] } : null
    },

    /** Address of the node's last call; undefined if it has not called since this program started. */
    calledFrom: (nodeId: string): string | undefined => owners.get(nodeId)?.address,

    forget(nodeId: string): void {
      owners.delete(nodeId)
      former.delete(nodeId)
      copies.delete(nodeId)
    },
  }
}
