import type { Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import { watchCalls } from './calls/history-calls.ts'
import { canDo } from './members/node-about.ts'
import type { ClusterNode, NodeAddress } from './members/node-registry.ts'
import type { NodeClient } from './transport/node-client.ts'

/** How long a node stays fast after it was asked, and how often it is asked again. One lost request must not make it calm. */
const watchSeconds = 25
const askAgainMs = 10_000

export type WatchedNodes = ReturnType<typeof createWatchedNodes>

/**
 * Which nodes people look at now. Those measure every second, and the others rarely, which keeps many nodes cheap. A node is asked again and
 * again: without viewers, or without this program, it becomes calm by itself.
 */
export function createWatchedNodes(deps: {
  selfId: string
  watchSelf: (ms: number) => void
  findNode: (id: string) => ClusterNode | undefined
  addressOf: (id: string) => NodeAddress
  client: Pick<NodeClient, 'call'>
  clock: Clock
  log: Log
}) {
  const { clock, log } = deps
  const watched = new Map<string, { viewers: number; cancel: () => void }>()

  function ask(nodeId: string): void {
    if (nodeId === deps.selfId) return deps.watchSelf(watchSeconds * 1000)
    const node = deps.findNode(nodeId)
    // An older node measures every few seconds anyway.
    if (node?.health.status !== 'online' || !canDo(node, 'history')) return
    deps.client
      .call(deps.addressOf(nodeId), watchCalls.watchStats, { seconds: watchSeconds })
      .catch((error: unknown) => log.debug({ node: node.name, error: errorMessage(error) }, 'could not ask a node to measure every second'))
  }

  function keepAsking(nodeId: string): void {
    ask(nodeId)
    const entry = watched.get(nodeId)
    if (entry) entry.cancel = clock.after(askAgainMs, () => keepAsking(nodeId))
  }

  return {
    /** Somebody looks at the node until they call what this returns. */
    join(nodeId: string): () => void {
      const entry = watched.get(nodeId) ?? { viewers: 0, cancel: () => undefined }
      watched.set(nodeId, entry)
      entry.viewers += 1
      if (entry.viewers === 1) keepAsking(nodeId)
      let isHere = true
      return () => {
        if (!isHere) return
        isHere = false
        entry.viewers -= 1
        if (entry.viewers > 0) return
        entry.cancel()
        watched.delete(nodeId)
      }
    },
  }
}
