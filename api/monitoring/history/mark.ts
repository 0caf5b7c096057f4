/** What a time axis shows besides values. */
export const markKinds = ['deploy', 'restart', 'outage', 'maintenance', 'unknown'] as const
export type MarkKind = (typeof markKinds)[number]

export interface Mark {
  kind: MarkKind
  at: Date
  /** When it ended. For restarts, the last of several. Null for a moment, and for what still lasts. */
  until: Date | null
  /** The app; null for what concerns the whole node, and for containers of no app. */
  app: string | null
  /** The service or container that restarted. */
  name: string | null
  /** How often; 1 but for restarts. */
  times: number
  /** Of a deploy. */
  version: number | null
  /** Of a deploy, its outcome; of an outage or maintenance, its reason. */
  detail: string | null
}
