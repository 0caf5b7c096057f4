import type { NodeConditionType } from '../../graphql/generated/graphql.ts'
import type { NodeHold, NodeItem } from '../../graphql/items.ts'
import type { Color } from '../shared/status-badges.ts'

export type NodeCondition = NodeItem['conditions'][number]
export type MarkKey = 'CORDONED' | 'MAINTENANCE' | NodeConditionType

/**
 * A one-word note about a node, besides its health: a condition (a fact to know), its cordon or its maintenance. A problem to look
 * into now is an alarm, see `useAlarms.ts`.
 */
export interface NodeMark {
  key: MarkKey
  label: string
  color: Color
  icon: string
  /** The full text. */
  title: string
}

export const nodeMarkBadges: Record<MarkKey, Omit<NodeMark, 'key' | 'title'>> = {
  CORDONED: { label: 'Cordoned', color: 'warning', icon: 'i-lucide-ban' },
  MAINTENANCE: { label: 'Maintenance', color: 'info', icon: 'i-lucide-wrench' },
  CLONED: { label: 'Cloned', color: 'error', icon: 'i-lucide-copy' },
  CANNOT_SAVE: { label: 'Cannot save', color: 'error', icon: 'i-lucide-hard-drive' },
  NO_DOCKER: { label: 'No Docker', color: 'error', icon: 'i-lucide-container' },
  POLICY_OFF: { label: 'Policy off', color: 'warning', icon: 'i-lucide-shield-off' },
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
    ...conditions.map(({ type, message }) => ({ key: type, title: message, ...nodeMarkBadges[type] })),
    ...(cordon ? [{ key: 'CORDONED' as const, title: `No new apps, ${holdWords(cordon)}`, ...nodeMarkBadges.CORDONED }] : []),
    ...(maintenance ? [{ key: 'MAINTENANCE' as const, title: `No alarms, ${holdWords(maintenance)}`, ...nodeMarkBadges.MAINTENANCE }] : []),
  ]
}
