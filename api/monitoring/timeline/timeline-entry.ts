import type { Operation } from '../../apps/operation.ts'

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

/** Null while it is not over. The end says how it went, and the entry stands where it began. */
export function operationEntry({ kind, status, appName, createdAt, startedAt, finishedAt, error }: Operation): TimelineEntry | null {
  if (finishedAt === null) return null
  const [reason] = (error ?? '').split('\n')
  const detail = kind + (reason ? `: ${reason}` : '')
  return { kind: 'operation', what: status, at: startedAt ?? createdAt, until: finishedAt, app: appName, name: null, detail, times: 1 }
}

/**
 * The first ones of `entries`, which are the newest first. Never only some of those of one moment, because the next page begins before the
 * last of this one. A moment that alone is longer than a page loses the rest.
 */
export function timelinePage<T extends Pick<TimelineEntry, 'at'>>(entries: readonly T[], first: number): { entries: T[]; more: boolean } {
  const page = entries.slice(0, first)
  const next = entries[first]
  if (!next) return { entries: page, more: false }
  const whole = page.filter(({ at }) => at.getTime() !== next.at.getTime())
  return { entries: whole.length > 0 ? whole : page, more: true }
}
