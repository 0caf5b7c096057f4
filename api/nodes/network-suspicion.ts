import type { Clock } from '../clock.ts'
import { isOver, massVanish, type Lost } from './mass-vanish.ts'
import type { ClusterNode } from './node-registry.ts'
import type { NodeHealth } from './node-status.ts'

/** Most nodes vanished at once, and have not come back. */
export interface Suspicion {
  since: Date
  /** Who was online before. */
  members: ReadonlySet<string>
  /** How many of the members are away, of how many that are still watched. */
  away: number
  known: number
}

export type NetworkSuspicion = ReturnType<typeof createNetworkSuspicion>

/** Counts who of the watched nodes is there and who was lost, and whether this primary's own network is to be doubted. */
export function createNetworkSuspicion(deps: {
  isWatched: (node: ClusterNode) => boolean
  downSince: (id: string) => Date | null
  clock: Clock
  /** It began, or its counts changed, or it is over. */
  onChange: () => void
}) {
  const { clock } = deps
  const up = new Set<string>()
  /** When each was lost, in milliseconds. One that is online may have lost only its session so far. */
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

  /** Answers whether it is newly lost, or there, or not watched any more; null when nothing changed. */
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
    /** Nothing is told: whoever starts this asks afterwards. */
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

    /** The connection to a node was lost. Whether it answers otherwise is asked at the same time. */
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

/** A clock that was put back does not move `lastSeen`: it is in the future then. */
const hasAnswered = ({ status, lastSeen }: NodeHealth, before: NodeHealth | undefined, now: Date): boolean =>
  status === 'online' && lastSeen !== null && (lastSeen !== before?.lastSeen || lastSeen > now)
