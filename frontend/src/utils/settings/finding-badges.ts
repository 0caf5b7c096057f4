import type { FindingState } from '../../graphql/generated/graphql.ts'

/** A word for people who cannot see the icon. */
export const findingBadges: Record<FindingState, { label: string; icon: string; text: string }> = {
  FINE: { label: 'Fine', icon: 'i-lucide-circle-check', text: 'text-success' },
  WARNING: { label: 'Warning', icon: 'i-lucide-circle-alert', text: 'text-warning' },
  PROBLEM: { label: 'Problem', icon: 'i-lucide-circle-x', text: 'text-error' },
}
