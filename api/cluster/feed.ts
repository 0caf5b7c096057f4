import type { App } from '../apps/app.ts'
import type { Operation } from '../apps/operation.ts'
import type { NodeStats } from '../monitoring/node-stats.ts'
import type { NodeAbout } from '../nodes/about.ts'

/** What one node says of itself, to its primary and to its own dashboard: everything as it is now, then each change. */
export type FeedEvent =
  | { type: 'about'; about: NodeAbout }
  /** `otherApps`: ids of apps that are there too and are told of apart, because all of them are too much for one event. */
  | { type: 'snapshot'; apps: App[]; operations: Operation[]; otherApps?: string[] }
  | { type: 'app'; app: App }
  | { type: 'app-removed'; id: string }
  | { type: 'operation'; operation: Operation }
  | { type: 'stats'; stats: NodeStats }

/** How many of the newest operations a snapshot carries. */
export const snapshotOperations = 50

/** A source of such events; the function that `subscribe` resolves to ends it. What it is comes first, then the snapshot. */
export interface Feed {
  subscribe(listener: (event: FeedEvent) => void): Promise<() => void>
}
