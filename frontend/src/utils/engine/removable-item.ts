import type { ThingUserItem } from '../../graphql/items.ts'
import type { Badge } from '../shared/status-badges.ts'

/** What images, volumes and networks have in common. */
export interface RemovableItem {
  id: string
  nodeId?: string | null
  project?: string | null
  appId?: string | null
  appName?: string | null
  usedBy: ThingUserItem[]
  usedByCount: number
}

export type Use = 'UNUSED' | 'USED'
export const useOf = ({ usedByCount }: Pick<RemovableItem, 'usedByCount'>): Use => (usedByCount === 0 ? 'UNUSED' : 'USED')
export const useOrder: Use[] = ['UNUSED', 'USED']
export const useBadges: Record<Use, Pick<Badge, 'label' | 'color' | 'icon'>> = {
  UNUSED: { label: 'Unused', color: 'neutral', icon: 'i-lucide-circle-dashed' },
  USED: { label: 'In use', color: 'success', icon: 'i-lucide-circle-check' },
}
/** Two nodes can have a thing with the same id. */
export const thingKey = ({ nodeId, id }: { id: string; nodeId?: string | null }): string => `${nodeId ?? ''} ${id}`
