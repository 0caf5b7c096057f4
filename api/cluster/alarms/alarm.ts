/** From the least to the most urgent. */
export const severities = ['warning', 'critical'] as const
export type Severity = (typeof severities)[number]

/** Every kind of alarm, and how urgent it is: critical is what people notice who use the apps. */
export const severityOf = {
  'node-down': 'critical',
  'network-suspected': 'critical',
  'disk-filling': 'warning',
  'clock-off': 'warning',
  'backup-failed': 'warning',
  'app-unhealthy': 'critical',
  'app-restarting': 'critical',
  'deploy-failed': 'warning',
} as const satisfies Record<string, Severity>

export type AlarmKind = keyof typeof severityOf

export const isAlarmKind = (word: string): word is AlarmKind => Object.hasOwn(severityOf, word)

/** A problem that someone should look into now. There is one for each thing that it can be about, and it ends. */
export interface Alarm {
  /** Names this time that the problem is there. The next time it has another. */
  id: string
  kind: AlarmKind
  /** Null if the alarm is not about one particular node. */
  nodeId: string | null
  /** Null if it is not about an app. */
  appId: string | null
  message: string
  since: Date
}

/** What an alarm is about: its kind, its node or app, and what of it, such as one of several disks. */
export interface AlarmTopic {
  kind: AlarmKind
  nodeId: string | null
  appId: string | null
  /** Empty unless a node or app can have several of the kind. */
  part: string
}

export const keyOf = ({ kind, nodeId, appId, part }: AlarmTopic): string => JSON.stringify([kind, nodeId, appId, part])

/** What a rule says of one topic. While it is unsure, an open alarm stays and none is raised. */
export type Verdict = { is: 'bad'; since: Date; message: string } | { is: 'unsure' } | { is: 'well' }

export const unsure: Verdict = { is: 'unsure' }
export const well: Verdict = { is: 'well' }
