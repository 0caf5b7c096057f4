import type { FeedKind } from './feed-kind.ts'
import type { feedKinds } from './feed-kinds.ts'

type EventOf<Kind> = Kind extends FeedKind<infer Event, infer _Part> ? Event : never

/** What a node reports about itself to its primary and its own dashboard: the current state, then each change. */
export type FeedEvent = EventOf<(typeof feedKinds)[keyof typeof feedKinds]>

/** How many of the newest operations a snapshot carries. */
export const snapshotOperations = 50

/** A source of these events: `about` first, then the snapshot, then changes. The function that `subscribe` resolves to unsubscribes. */
export interface Feed {
  subscribe(listener: (event: FeedEvent) => void): Promise<() => void>
}
