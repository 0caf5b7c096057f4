import type { Clock } from '../../clock.ts'
import { isOver, massVanish, type Lost } from './network-suspicion-rule.ts'
import type { ClusterNode } from '../members/node-registry.ts'
import type { NodeHealth } from '../members/node-status.ts'

/** Most nodes vanished at once and have not come back. */
export interface Suspicion {
  since: Date
  /** The nodes that were online before. */
  members: ReadonlySet<string>
  /** How many members are away, and how many are still watched. */
  away: number
  known: number
}

export type NetworkSuspicion = ReturnType<typeof createNetworkSuspicion>

/** Tracks which watched nodes are up and which were lost, and from that whether this primary's own network may be down. */
export function createNetworkSuspicion(deps: {
  isWatched: (node: ClusterNode) => boolean
  downSince: (id: string) => Date | null
  clock: Clock
  /** Called when the suspicion starts, its counts change, or it ends. */
  onChange: () => void
}) {
  const { clock } = deps
  const up = new Set<string>()
  /** When each node was lost, in milliseconds since 1970. May include nodes that are still online but lost their session. */
  const lost = new Map<string, number>()
  let current: { since: Date; members: Set<string> } | null = null

  const everyLost = (): Lost[] => [...lost].map(([id, at]) => ({ id, at }))

  function read(): Suspicion | null {
    if (!current) return null
    const members = [...current.members]
    const away = members.filter((id) => lost.has(id)).length
    return { ...current, away, known: away + members.filter((id) => up.has(id)).length }
  }

  function suspect(moment: number): boolean {
    const all = everyLost()
    const found = massVanish(all, up.size, moment)
    if (!found) return false
    const later = all.filter(({ at }) => at > moment).map(({ id }) => id)
    current = { since: new Date(found.since), members: new Set([...found.ids, ...up, ...later]) }
    return true
  }

  function review(isLoss: boolean): void {
    const stands = read()
    if (!stands) {
      if (isLoss && suspect(clock.now().getTime())) deps.onChange()
      return
    }
    if (isOver(stands.known - stands.away, stands.known)) current = null
    deps.onChange()
  }

  /** Updates a node's place. @returns 'lost' if it is newly lost, 'other' for any other change, null for none */
  function place(node: ClusterNode, answered: boolean): 'lost' | 'other' | null {
    const { id, health } = node
    const was = lost.has(id) ? 'lost' : up.has(id) ? 'up' : null
    const is = !deps.isWatched(node) ? null : health.status !== 'online' || (was === 'lost' && !answered) ? 'lost' : 'up'
    if (was === is) return null
    up.delete(id)
    lost.delete(id)
    if (is === 'up') up.add(id)
    if (is === 'lost') lost.set(id, (deps.downSince(id) ?? clock.now()).getTime())
    return is === 'lost' ? 'lost' : 'other'
  }

  return {
    /** Does not call `onChange`. Read the result afterwards. */
    start(nodes: readonly ClusterNode[]): void {
      for (const node of nodes) place(node, true)
      const moments = [...lost.values()].sort((a, b) => a - b)
      moments.some(suspect)
      const stands = read()
      if (stands && isOver(stands.known - stands.away, stands.known)) current = null
    },

    nodeChanged(node: ClusterNode, before: NodeHealth | undefined): void {
      const change = place(node, hasAnswered(node.health, before, clock.now()))
      if (change) review(change === 'lost')
    },

    /** Call when a node's session is lost. Health checks find out at the same time whether it still answers. */
    sessionLost(id: string): void {
      if (!up.delete(id)) return
      lost.set(id, clock.now().getTime())
      review(true)
    },

    forget(id: string): void {
      if (up.delete(id) || lost.delete(id)) review(false)
    },

    read,
  }
}

/** After the clock was set back, `lastSeen` stays in the future and does not move. */
const hasAnswered = ({ status, lastSeen }: NodeHealth, before: NodeHealth | undefined, now: Date): boolean =>
  status === 'online' && lastSeen !== null && (lastSeen !== before?.lastSeen || lastSeen > now)
