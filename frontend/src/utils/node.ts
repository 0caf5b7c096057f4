import type { NodeItem } from '../composables/useNodes.ts'
import type { NodeConditionType, NodeConnectionMode, NodeStatusSignal, NodeVersionState } from '../graphql/generated/graphql.ts'
import { plural } from './format.ts'
import type { Color } from './looks.ts'

export type NodeHold = NonNullable<NodeItem['cordon']>
export type NodeCondition = NodeItem['conditions'][number]
export type MarkKey = 'CORDONED' | 'MAINTENANCE' | NodeConditionType

/** A one-word note about a node, besides its health. */
export interface NodeMark {
  key: MarkKey
  label: string
  color: Color
  icon: string
  /** The full text. */
  title: string
}

export const markLooks: Record<MarkKey, Omit<NodeMark, 'key' | 'title'>> = {
  CORDONED: { label: 'Cordoned', color: 'warning', icon: 'i-lucide-ban' },
  MAINTENANCE: { label: 'Maintenance', color: 'info', icon: 'i-lucide-wrench' },
  CLONED: { label: 'Cloned', color: 'error', icon: 'i-lucide-copy' },
  CANNOT_SAVE: { label: 'Cannot save', color: 'error', icon: 'i-lucide-hard-drive' },
  NO_DOCKER: { label: 'No Docker', color: 'error', icon: 'i-lucide-container' },
  MISBEHAVES: { label: 'Misbehaving', color: 'error', icon: 'i-lucide-triangle-alert' },
  UNREADABLE: { label: 'Partly unreadable', color: 'warning', icon: 'i-lucide-file-question' },
  KEY_OLD: { label: 'Old key', color: 'warning', icon: 'i-lucide-key-round' },
  VERSION_BEHIND: { label: 'Version behind', color: 'warning', icon: 'i-lucide-circle-arrow-down' },
  VERSION_AHEAD: { label: 'Version ahead', color: 'warning', icon: 'i-lucide-circle-arrow-up' },
  LINK_ONLY: { label: 'Link only', color: 'neutral', icon: 'i-lucide-link' },
}

/** Such as `by alice: disk is failing`. */
export const holdWords = ({ by, reason }: Pick<NodeHold, 'by' | 'reason'>): string => (reason ? `by ${by}: ${reason}` : `by ${by}`)

/** Worst first: conditions, then cordon, then maintenance. */
export function nodeMarks({ cordon, maintenance, conditions }: Pick<NodeItem, 'cordon' | 'maintenance' | 'conditions'>): NodeMark[] {
  return [
    ...conditions.map(({ type, message }) => ({ key: type, title: message, ...markLooks[type] })),
    ...(cordon ? [{ key: 'CORDONED' as const, title: `No new apps, ${holdWords(cordon)}`, ...markLooks.CORDONED }] : []),
    ...(maintenance ? [{ key: 'MAINTENANCE' as const, title: `No alarms, ${holdWords(maintenance)}`, ...markLooks.MAINTENANCE }] : []),
  ]
}

/** What set a node's status, in words for the middle of a sentence. */
export const signalWords: Record<NodeStatusSignal, string> = {
  REGISTRATION: 'set when it was registered',
  HEARTBEAT: 'detected by its heartbeat',
  CHECK: 'detected by a health check',
  MANUAL_CHECK: 'detected by an unscheduled check',
  SESSION: 'detected by its session',
  SELF: 'reported by this server itself',
}

export const modeWords: Record<NodeConnectionMode, string> = {
  AUTO: 'Direct if reachable, otherwise over its link',
  LINK: 'Link only: the node connects to this primary',
  DIRECT: 'Direct only: this primary connects to the node',
}

/** A capability in words. */
export const capabilityWords = (capability: string): string =>
  ({
    link: 'links',
    'key-rotation': 'key rotation',
    'primary-url': "changing the primary's URL",
    'removal-keeps-data': 'removing apps without their data',
  })[capability] ?? capability

/** Such as `99.95%`. Rounded down, so only a node that was never away shows 100%. */
export function uptimeWords(share: number): string {
  const hundredths = Math.floor(share * 10_000) / 100
  return `${hundredths.toFixed(hundredths === 100 || hundredths === 0 ? 0 : 2)}%`
}

/** Such as `of the 14 minutes observed`. Undefined if nothing, or at least 99% of the time, was observed. */
export function observedWords(share: number | null | undefined, observedMs: number, wholeMs: number): string | undefined {
  if (share == null || observedMs >= wholeMs * 0.99) return undefined
  const minutes = Math.floor(observedMs / 60_000)
  if (minutes < 1) return 'of less than a minute observed'
  if (minutes < 120) return `of the ${plural(minutes, 'minute')} observed`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `of the ${hours} hours observed` : `of the ${Math.floor(hours / 24)} days observed`
}

/** Such as `1 minor version behind 1.4.0`. Undefined if the versions match or are unknown. */
export function versionWords(version: string | null | undefined, ours: string | undefined, state: NodeVersionState): string | undefined {
  if (!version || !ours || (state !== 'BEHIND' && state !== 'AHEAD')) return undefined
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [ourMajor = 0, ourMinor = 0] = ours.split('.').map(Number)
  const apart =
    major === ourMajor ? plural(Math.abs(minor - ourMinor), 'minor version') : plural(Math.abs(major - ourMajor), 'major version')
  return state === 'BEHIND' ? `${apart} behind ${ours}` : `${apart} ahead of ${ours}`
}

/** Whether new apps can be created on it. */
export const takesApps = ({ status, cordon }: Pick<NodeItem, 'status' | 'cordon'>): boolean => status === 'ONLINE' && !cordon

/** How the node's events reach this server, whose own node has the id `ownId`. */
export function sessionInWords({ id, session }: Pick<NodeItem, 'id' | 'session'>, ownId: string | undefined): string {
  if (id === ownId) return 'local'
  return session ? (session.transport === 'LINK' ? 'over link' : 'direct') : 'none'
}
