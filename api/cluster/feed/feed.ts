import type { App } from '../../apps/app.ts'
import type { Operation } from '../../apps/operation.ts'
import type { NodeStats } from '../../monitoring/node-stats.ts'
import type { NodeAbout } from '../members/node-about.ts'

/** What a node reports about itself to its primary and its own dashboard: the current state, then each change. */
export type FeedEvent =
  | { type: 'about'; about: NodeAbout }
  /** `otherApps`: ids of further apps, which are sent in their own events because one event cannot hold them all. */
  | { type: 'snapshot'; apps: App[]; operations: Operation[]; otherApps?: string[] }
  | { type: 'app'; app: App }
  | { type: 'app-removed'; id: string }
  | { type: 'operation'; operation: Operation }
  | { type: 'stats'; stats: NodeStats }

/** How many of the newest operations a snapshot carries. */
export const snapshotOperations = 50

/** A source of these events: `about` first, then the snapshot, then changes. The function that `subscribe` resolves to unsubscribes. */
export interface Feed {
  subscribe(listener: (event: FeedEvent) => void): Promise<() => void>
}
