import type { AppItem, NodeItem } from '../../graphql/items.ts'
import { updatableServices } from '../apps/image-updates.ts'
import { nodeMarkBadges } from '../nodes/node-marks.ts'
import { plural } from '../shared/format.ts'
import { appStatusBadges, appStatusOrder, nodeStatusBadges, nodeStatusOrder } from '../shared/status-badges.ts'
import type { Badge } from '../shared/status-badges.ts'

interface Part {
  key: string
  badge: Pick<Badge, 'label' | 'color' | 'icon' | 'spins'>
  count: number
  to: string
}

function partsOf<Status extends string>(list: { status: Status }[], order: Status[], badges: Record<Status, Badge>, path: string): Part[] {
  return order.flatMap((status) => {
    const count = list.filter((each) => each.status === status).length
    return count > 0 ? { key: status, badge: badges[status], count, to: `${path}?status=${status}` } : []
  })
}

export const appParts = (apps: AppItem[]): Part[] => partsOf(apps, appStatusOrder, appStatusBadges, '/apps')
export const nodeParts = (nodes: NodeItem[]): Part[] => partsOf(nodes, nodeStatusOrder, nodeStatusBadges, '/nodes')

export function appExtras(apps: AppItem[]): Part[] {
  const updates = apps.filter((app) => updatableServices(app).length > 0).length
  const changed = apps.filter(({ changedOnDisk }) => changedOnDisk).length
  return [
    {
      key: 'updates',
      badge: { label: 'with newer images', color: 'info', icon: 'i-lucide-circle-arrow-up' } as const,
      count: updates,
      to: '/apps?has=updates',
    },
    {
      key: 'changed',
      badge: { label: 'changed on disk', color: 'warning', icon: 'i-lucide-file-diff' } as const,
      count: changed,
      to: '/apps?has=changed',
    },
  ].filter(({ count }) => count > 0)
}

export function nodeExtras(nodes: NodeItem[]): Part[] {
  return [
    { key: 'CORDONED', count: nodes.filter(({ cordon }) => cordon).length },
    { key: 'MAINTENANCE', count: nodes.filter(({ maintenance }) => maintenance).length },
  ].flatMap(({ key, count }) =>
    count > 0 ? { key, count, badge: { ...nodeMarkBadges[key as 'CORDONED'] }, to: `/nodes?mark=${key}` } : [],
  )
}

/** For when nothing needs attention. */
export function wellWords(nodes: NodeItem[], apps: AppItem[]): string {
  const running = apps.filter(({ status }) => status === 'RUNNING').length
  return `All is well: ${plural(nodes.length, 'node')} online, ${running} of ${plural(apps.length, 'app')} running.`
}
