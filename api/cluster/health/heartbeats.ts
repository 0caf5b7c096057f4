import { AppError } from '../../errors.ts'
import { readFeedEvent } from '../feed/feed-wire.ts'
import type { EventStreams } from '../feed/event-streams.ts'
import type { FeedEvent } from '../feed/feed.ts'
import type { NodeRegistry } from '../members/node-registry.ts'
import type { Unread } from './unread.ts'

export type Heartbeats = ReturnType<typeof createHeartbeats>

/** What a heartbeat means to the primary that receives it. */
export function createHeartbeats(deps: {
  primaryId: string
  settingsVersion: () => string
  registry: Pick<NodeRegistry, 'observe'>
  streams: Pick<EventStreams, 'wake'>
  hear: (nodeId: string, event: FeedEvent) => void
  hearUnread: (nodeId: string, scope: string, unread: Unread[]) => void
}) {
  /** Unreadable data does not fail the heartbeat. */
  async function hearAbout(nodeId: string, about: unknown): Promise<void> {
    const { event, scope, unread } = await readFeedEvent({ type: 'about', about })
    deps.hearUnread(nodeId, scope, unread)
    if (event) deps.hear(nodeId, event)
  }

  return {
    /**
     * The node is alive: it is online at once, its failures are forgotten, and its event stream is tried again.
     *
     * @param about what it says about its program; undefined from older versions
     * @throws FORBIDDEN for another node's heartbeat
     */
    async receive(callerId: string, { id, about }: { id: string; about: unknown }) {
      if (id.toLowerCase() !== callerId) throw new AppError('FORBIDDEN', 'A node can only send heartbeats for itself')
      if (about === undefined) deps.hearUnread(callerId, 'about', [])
      else await hearAbout(callerId, about)
      deps.registry.observe(callerId, { kind: 'heartbeat' })
      deps.streams.wake(callerId)
      return { id, settingsVersion: deps.settingsVersion(), primaryId: deps.primaryId }
    },
  }
}
