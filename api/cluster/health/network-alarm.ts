import type { Clock } from '../../clock.ts'
import type { ClusterNode } from '../members/cluster-node.ts'
import type { Alarm } from '../alarms/alarm.ts'
import { settleMs } from './settle.ts'
import { createNetworkSuspicion, type Suspicion } from './network-suspicion.ts'

/** The alarm for most nodes vanishing at once, which says more about the primary's network than about the nodes. */
export function createNetworkAlarm(deps: {
  isWatched: (node: ClusterNode) => boolean
  downSince: (id: string) => Date | null
  clock: Clock
  /** @param members the nodes whose own alarms this one replaces */
  onRaised: (alarm: Alarm, members: ReadonlySet<string>) => void
  onMessage: () => void
  /** The network is no longer suspect. @param alarm the alarm that was raised, if any */
  onEnd: (alarm: Alarm | null) => void
}) {
  const { isWatched, downSince, clock } = deps
  const suspicion = createNetworkSuspicion({ isWatched, downSince, clock, onChange: follow })
  let alarm: Alarm | null = null
  let cancelRaising: (() => void) | null = null

  function follow(): void {
    const suspected = suspicion.read()
    if (!suspected) return end()
    if (alarm) {
      const { message } = alarmOf(suspected)
      if (message === alarm.message) return
      alarm = { ...alarm, message }
      return deps.onMessage()
    }
    cancelRaising ??= clock.after(settleMs, raise)
  }

  function raise(): void {
    const suspected = suspicion.read()
    if (!suspected) return
    alarm = alarmOf(suspected)
    deps.onRaised(alarm, suspected.members)
  }

  function end(): void {
    cancelRaising?.()
    cancelRaising = null
    const ended = alarm
    alarm = null
    deps.onEnd(ended)
  }

  return {
    suspicion,

    /** Restores the alarm that was open before this process started. @returns the nodes that it stands for */
    start(nodes: ClusterNode[]): ReadonlySet<string> {
      suspicion.start(nodes)
      const suspected = suspicion.read()
      if (suspected) alarm = alarmOf(suspected)
      return suspected?.members ?? new Set()
    },

    /** @param counts false for callers who may not learn how many nodes there are */
    read: (counts = true): Alarm | null => (alarm && !counts ? withoutCounts(alarm) : alarm),

    stop: (): void => cancelRaising?.(),
  }
}

const networkAdvice = "the primary's own network may be down. Nothing acts on lost nodes until most of them answer again"

function alarmOf({ since, away, known }: Suspicion): Alarm {
  const message = `${away} of the ${known} nodes that were online vanished at once: ${networkAdvice}`
  return { id: `network-suspected ${since.getTime()}`, kind: 'network-suspected', nodeId: null, appId: null, message, since }
}

const withoutCounts = (alarm: Alarm): Alarm => ({ ...alarm, message: `Most nodes vanished at once: ${networkAdvice}` })
