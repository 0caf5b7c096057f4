import type { RecentEventItem } from '../../graphql/items.ts'
import { pathOfTab } from '../apps/app-tabs.ts'
import { pathOfNodeTab } from '../nodes/node-tabs.ts'
import { operationOn } from '../operations/operation-words.ts'
import { nodeStatusBadges, operationStatusBadges } from '../shared/status-badges.ts'
import type { Badge, Color } from '../shared/status-badges.ts'

export type LoadState = 'loading' | 'ready' | 'failed'

export interface EventWords {
  key: string
  at: string
  badge: Badge
  tone: string
  /** Such as `Update nextcloud`. */
  title: string
  /** Such as `failed`. */
  outcome: string
  detail: string | undefined
  /** Undefined where the title says it. */
  node: string | undefined
  to: string
}

/** What went well is not worth a color. */
const tones: Partial<Record<Color, string>> = { error: 'text-error', warning: 'text-warning', info: 'text-info' }

/** What happened, in words. */
export function eventWords({ at, node, operation, status, reason }: RecentEventItem): EventWords {
  const badge = operation ? operationStatusBadges[operation.status] : nodeStatusBadges[status ?? 'ONLINE']
  const common = {
    at,
    badge,
    tone: tones[badge.color] ?? 'text-muted',
    outcome: badge.label.toLowerCase(),
    node: operation ? node.name : undefined,
  }
  if (!operation) {
    const detail = status === 'ONLINE' ? undefined : (reason ?? undefined)
    return { ...common, key: `${node.id} ${at}`, title: node.name, detail, to: pathOfNodeTab(node.id, 'overview') }
  }
  const { id, kind, appId, appName, error } = operation
  return {
    ...common,
    key: id,
    title: operationOn(kind, appName),
    detail: error?.split('\n')[0],
    to: appId ? pathOfTab(appId, 'activity') : pathOfNodeTab(node.id, 'activity'),
  }
}
