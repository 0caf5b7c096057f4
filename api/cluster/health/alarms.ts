import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import { createNetworkSuspicion, type Suspicion } from './network-suspicion.ts'
import type { ClusterNode } from '../members/node-registry.ts'
import type { NodeHealth } from '../members/node-status.ts'
import { statusInWords } from '../members/status-words.ts'

export interface Alarm {
  id: string
  kind: 'node-down' | 'network-suspected'
  /** Null if the alarm is not about one particular node. */
  nodeId: string | null
  message: string
  since: Date
}

/** How long a node must be down before its alarm. Longer delays every alarm, shorter raises one for each restart. */
const settleMs = 3000

export type Alarms = ReturnType<typeof createAlarms>

/**
 * Things that need a person's attention. A node that was online and no longer is raises an alarm, unless it is in
 * maintenance. If most nodes vanish at once, a single alarm replaces theirs.
 *
 * Alarms live in memory only. `start` rebuilds them from what is known about the nodes.
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
  let networkAlarm: Alarm | null = null
  let cancelNetwork: (() => void) | null = null

  const isWatched = ({ id, maintenance, health }: ClusterNode): boolean =>
    id !== deps.selfId && maintenance === null && health.answeredSinceRegistration
  const isDown = (node: ClusterNode): boolean => isWatched(node) && node.health.status !== 'online'
  const since = ({ id, health }: ClusterNode): Date => deps.downSince(id) ?? health.statusSince

  const network = createNetworkSuspicion({ isWatched, downSince: deps.downSince, clock, onChange: followNetwork })

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
    return { id: `node-down ${node.id} ${since(node).getTime()}`, kind: 'node-down', nodeId: node.id, message, since: since(node) }
  }

  function stopSettling(id: string): void {
    settling.get(id)?.()
    settling.delete(id)
  }

  /** Raises the alarm if the node is still down after `settleMs`. Does nothing while the network is suspected. */
  function settle(node: ClusterNode, from: Date): void {
    const { id } = node
    if (open.has(id) || settling.has(id) || network.read()) return
    const wait = Math.max(0, from.getTime() + settleMs - clock.now().getTime())
    const end = (): void => {
      settling.delete(id)
      const now = findNode(id)
      if (!now || !isDown(now) || network.read()) return
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

  function followNetwork(): void {
    const suspicion = network.read()
    if (!suspicion) return endNetwork()
    if (networkAlarm) {
      const { message } = alarmOfNetwork(suspicion)
      if (message === networkAlarm.message) return
      networkAlarm = { ...networkAlarm, message }
      return deps.onChange()
    }
    cancelNetwork ??= clock.after(settleMs, beginNetwork)
  }

  /** Replaces the members' alarms with a single one. */
  function beginNetwork(): void {
    const suspicion = network.read()
    if (!suspicion) return
    networkAlarm = alarmOfNetwork(suspicion)
    raised(networkAlarm)
    for (const id of suspicion.members) end(id)
  }

  function endNetwork(): void {
    cancelNetwork?.()
    cancelNetwork = null
    const alarm = networkAlarm
    networkAlarm = null
    if (alarm) cleared(alarm)
    // Some nodes that are still down may be about to answer.
    for (const node of deps.nodes().filter(isDown)) settle(node, clock.now())
  }

  return {
    /** Rebuilds the alarms that were open before this process started, with their original start times. Does not contact any node. */
    start(): void {
      network.start(deps.nodes())
      const suspicion = network.read()
      if (suspicion) networkAlarm = alarmOfNetwork(suspicion)
      for (const node of deps.nodes().filter(isDown)) if (!suspicion?.members.has(node.id)) open.set(node.id, nodeAlarm(node))
      const count = open.size + (networkAlarm ? 1 : 0)
      if (count > 0) log.info({ count }, 'alarms restored from before the start')
    },

    /** @param before the health the registry had before the change; undefined for a new node */
    nodeChanged(node: ClusterNode, before: NodeHealth | undefined): void {
      network.nodeChanged(node, before)
      if (!isDown(node)) return end(node.id)
      settle(node, since(node))
      retell(node)
    },

    sessionLost: network.sessionLost,

    nodeRemoved(id: string): void {
      network.forget(id)
      end(id)
    },

    /**
     * Cluster-wide alarms first, then the oldest first.
     * @param counts false for callers who may not see every node, and so may not learn how many there are
     */
    list: ({ counts = true } = {}): Alarm[] => [
      ...(networkAlarm ? [counts ? networkAlarm : withoutCounts(networkAlarm)] : []),
      ...[...open.values()].sort((a, b) => a.since.getTime() - b.since.getTime() || a.id.localeCompare(b.id)),
    ],

    /**
     * Whether nodes that do not answer might still be fine. Anything that acts on lost nodes automatically must check this
     * first and wait while it is true. Health checks continue.
     */
    networkSuspected: (): boolean => network.read() !== null,

    stop(): void {
      cancelNetwork?.()
      for (const id of [...settling.keys()]) stopSettling(id)
    },
  }
}

const networkAdvice = "the primary's own network may be down. Nothing acts on lost nodes until most of them answer again"

function alarmOfNetwork({ since, away, known }: Suspicion): Alarm {
  const message = `${away} of the ${known} nodes that were online vanished at once: ${networkAdvice}`
  return { id: `network-suspected ${since.getTime()}`, kind: 'network-suspected', nodeId: null, message, since }
}

const withoutCounts = (alarm: Alarm): Alarm => ({ ...alarm, message: `Most nodes vanished at once: ${networkAdvice}` })
