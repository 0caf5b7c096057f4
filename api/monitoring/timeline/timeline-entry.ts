/** What an entry is about. */
export const timelineKinds = ['container', 'operation', 'deploy', 'status', 'docker', 'storage', 'program', 'node', 'unknown'] as const
export type TimelineKind = (typeof timelineKinds)[number]

/** Something that happened. */
export interface TimelineEntry {
  kind: TimelineKind
  /** What happened, such as `started`, or the status that an app or operation got. Another version has more words. */
  what: string
  at: Date
  /** When it ended, or the last of several. Null for a moment. */
  until: Date | null
  /** The app; null for what concerns the whole node, and for containers of no app. */
  app: string | null
  /** The service, or the container that belongs to no app. */
  name: string | null
  detail: string | null
  /** How often, when several follow each other. */
  times: number
}
