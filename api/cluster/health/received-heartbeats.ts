import { AppError } from '../../errors.ts'
import { readFeedEvent, type FeedReading } from '../feed/feed-wire.ts'
import type { EventStreams } from '../feed/event-streams.ts'
import type { NodeRegistry } from '../members/node-registry.ts'

export type Heartbeats = ReturnType<typeof createHeartbeats>

/** What a heartbeat means to the primary that receives it. */
export function createHeartbeats(deps: {
  primaryId: string
  settingsVersion: () => string
  registry: Pick<NodeRegistry, 'observe'>
  streams: Pick<EventStreams, 'wake'>
  /** What it says about its program, as an event of its feed. Unreadable data does not fail the heartbeat. */
  onReading: (nodeId: string, reading: FeedReading) => void
}) {
  return {
    /**
     * The node is alive: it is online at once, its failures are forgotten, and its event stream is tried again.
     *
     * @param about what it says about its program; undefined from older versions
     * @throws FORBIDDEN for another node's heartbeat
     */
    async receive(callerId: string, { id, about }: { id: string; about: unknown }) {
      if (id.toLowerCase() !== callerId) throw new AppError('FORBIDDEN', 'A node can only send heartbeats for itself')
      const saysNothing: FeedReading = { event: null, scope: 'about', unread: [] }
      deps.onReading(callerId, about === undefined ? saysNothing : await readFeedEvent({ type: 'about', about }))
      deps.registry.observe(callerId, { kind: 'heartbeat' })
      deps.streams.wake(callerId)
      return { id, settingsVersion: deps.settingsVersion(), primaryId: deps.primaryId }
    },
  }
}
