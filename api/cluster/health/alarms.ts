import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { Alarm } from '../alarms/alarm.ts'
import { settleMs } from './settle.ts'
import { createNetworkAlarm } from './network-alarm.ts'
import type { ClusterNode } from '../members/node-registry.ts'
import type { NodeHealth } from '../members/node-status.ts'
import { statusInWords } from '../members/status-words.ts'

export type Alarms = ReturnType<typeof createAlarms>

/**
 * Nodes that are lost. A node that was online and no longer is raises an alarm, unless it is in maintenance. If most nodes vanish at
 * once, a single alarm replaces theirs.
 *
 * They live in memory only. `start` rebuilds them from what is known about the nodes. `cluster/alarms/` has all alarms.
 */
export function createAlarms(deps: {
  selfId: string
  nodes: () => ClusterNode[]
  findNode: (id: string) => ClusterNode | undefined
  downSince: (id: string) => Date | null
  clock: Clock
  log: Log
  onChange: () => void
}) {
  const { clock, log, findNode } = deps
  const open = new Map<string, Alarm>()
  const settling = new Map<string, () => void>()
  const isWatched = ({ id, maintenance, health }: ClusterNode): boolean =>
    id !== deps.selfId && maintenance === null && health.answeredSinceRegistration
  const isDown = (node: ClusterNode): boolean => isWatched(node) && node.health.status !== 'online'
  const since = ({ id, health }: ClusterNode): Date => deps.downSince(id) ?? health.statusSince

  const factsOf = ({ kind, nodeId, since, message }: Alarm) => ({
    kind,
    node: nodeId === null ? undefined : findNode(nodeId)?.name,
    since,
    message,
  })

  function raised(alarm: Alarm): void {
    log.warn(factsOf(alarm), 'alarm raised')
    deps.onChange()
  }

  function cleared(alarm: Alarm): void {
    const lasted = `${Math.round((clock.now().getTime() - alarm.since.getTime()) / 1000)}s`
    log.info({ ...factsOf(alarm), lasted }, 'alarm cleared')
    deps.onChange()
  }

  function nodeAlarm(node: ClusterNode): Alarm {
    const message = statusInWords(node)
    return {
      id: `node-down ${node.id} ${since(node).getTime()}`,
      kind: 'node-down',
      nodeId: node.id,
      appId: null,
      message,
      since: since(node),
    }
  }

  function stopSettling(id: string): void {
    settling.get(id)?.()
    settling.delete(id)
  }

  /** Raises the alarm if the node is still down after `settleMs`. Does nothing while the network is suspected. */
  function settle(node: ClusterNode, from: Date): void {
    const { id } = node
    if (open.has(id) || settling.has(id) || network.suspicion.read()) return
    const wait = Math.max(0, from.getTime() + settleMs - clock.now().getTime())
    const end = (): void => {
      settling.delete(id)
      const now = findNode(id)
      if (!now || !isDown(now) || network.suspicion.read()) return
      const alarm = nodeAlarm(now)
      open.set(id, alarm)
      raised(alarm)
    }
    settling.set(id, clock.after(wait, end))
  }

  function end(id: string): void {
    stopSettling(id)
    const alarm = open.get(id)
    if (alarm && open.delete(id)) cleared(alarm)
  }

  /** The node's status or reason changed: updates the message of its open alarm. */
  function retell(node: ClusterNode): void {
    const alarm = open.get(node.id)
    const { message } = nodeAlarm(node)
    if (!alarm || alarm.message === message) return
    open.set(node.id, { ...alarm, message })
    deps.onChange()
  }

  const network = createNetworkAlarm({
    ...{ isWatched, downSince: deps.downSince, clock, onMessage: deps.onChange },
    onRaised(alarm, members) {
      raised(alarm)
      for (const id of members) end(id)
    },
    onEnd(alarm) {
      if (alarm) cleared(alarm)
      // Some nodes that are still down may be about to answer.
      for (const node of deps.nodes().filter(isDown)) settle(node, clock.now())
    },
  })

  return {
    /** Rebuilds the alarms that were open before this process started, with their original start times. Does not contact any node. */
    start(): void {
      const members = network.start(deps.nodes())
      for (const node of deps.nodes().filter(isDown)) if (!members.has(node.id)) open.set(node.id, nodeAlarm(node))
      const count = open.size + (network.read() ? 1 : 0)
      if (count > 0) log.info({ count }, 'alarms restored from before the start')
    },

    /** @param before the health the registry had before the change; undefined for a new node */
    nodeChanged(node: ClusterNode, before: NodeHealth | undefined): void {
      network.suspicion.nodeChanged(node, before)
      if (!isDown(node)) return end(node.id)
      settle(node, since(node))
      retell(node)
    },

    sessionLost: network.suspicion.sessionLost,

    nodeRemoved(id: string): void {
      network.suspicion.forget(id)
      end(id)
    },

    /**
     * Cluster-wide alarms first, then the oldest first.
     * @param counts false for callers who may not see every node, and so may not learn how many there are
     */
    list: ({ counts = true } = {}): Alarm[] => [
      ...[network.read(counts)].filter((alarm) => alarm !== null),
      ...[...open.values()].sort((a, b) => a.since.getTime() - b.since.getTime() || a.id.localeCompare(b.id)),
    ],

    /**
     * Whether nodes that do not answer might still be fine. Anything that acts on lost nodes automatically must check this
     * first and wait while it is true. Health checks continue.
     */
    networkSuspected: (): boolean => network.suspicion.read() !== null,

    stop(): void {
      network.stop()
      for (const id of [...settling.keys()]) stopSettling(id)
    },
  }
}
