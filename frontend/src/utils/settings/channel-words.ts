import type { NotificationChannelKind, NotificationState } from '../../graphql/generated/graphql.ts'
import type { ChannelItem, DeliveryItem } from '../../graphql/items.ts'
import { labelText } from '../shared/labels.ts'
import type { Badge } from '../shared/status-badges.ts'

interface KindWords {
  label: string
  icon: string
  /** Of the field `secret`; undefined if the kind has none. */
  secret: string | undefined
  urlHelp: string
  urlExample: string
}

export const channelKinds: Record<NotificationChannelKind, KindWords> = {
  NTFY: {
    label: 'ntfy',
    icon: 'i-lucide-bell-ring',
    secret: 'Access token',
    urlHelp: 'The address of a topic, on ntfy.sh or your own server.',
    urlExample: 'https://ntfy.sh/my-topic',
  },
  EMAIL: { label: 'E-mail', icon: 'i-lucide-mail', secret: 'Password', urlHelp: '', urlExample: '' },
  DISCORD: {
    label: 'Discord',
    icon: 'i-lucide-message-square',
    secret: undefined,
    urlHelp: 'A webhook of a Discord channel, or of something that takes the same.',
    urlExample: 'https://discord.com/api/webhooks/…',
  },
  WEBHOOK: {
    label: 'Webhook',
    icon: 'i-lucide-webhook',
    secret: 'Signing secret',
    urlHelp: 'Gets JSON by POST.',
    urlExample: 'https://hooks.example.com/alarms',
  },
}

export const stateBadges: Record<NotificationState, Badge> = {
  WAITING: { label: 'Waiting', color: 'warning', icon: 'i-lucide-clock' },
  SENT: { label: 'Sent', color: 'success', icon: 'i-lucide-check' },
  FAILED: { label: 'Failed', color: 'error', icon: 'i-lucide-circle-x' },
  DROPPED: { label: 'Not sent', color: 'neutral', icon: 'i-lucide-minus' },
}

/** Such as `Critical alarms of nodes with env=lab`. */
export function scopeWords({ minSeverity, labels }: Pick<ChannelItem, 'minSeverity' | 'labels'>): string {
  const which = minSeverity === 'CRITICAL' ? 'Critical alarms' : 'All alarms'
  return labels.length === 0 ? which : `${which} of nodes with ${labels.map(labelText).join(', ')}`
}

/** The first failure of the newest messages, unless one arrived since. */
export function troubleOf(deliveries: readonly DeliveryItem[]): string | undefined {
  const newest = deliveries.find(({ state, attempts }) => state === 'SENT' || state === 'FAILED' || attempts > 0)
  return newest && newest.state !== 'SENT' ? (newest.error ?? undefined) : undefined
}
