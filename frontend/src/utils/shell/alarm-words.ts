import type { AlarmKind } from '../../graphql/generated/graphql.ts'
import type { AlarmItem } from '../../graphql/items.ts'

export const alarmIcons: Record<AlarmKind, string> = {
  NODE_DOWN: 'i-lucide-server-off',
  NETWORK_SUSPECTED: 'i-lucide-globe-off',
  DISK_FILLING: 'i-lucide-hard-drive',
  CLOCK_OFF: 'i-lucide-clock-alert',
  APP_UNHEALTHY: 'i-lucide-heart-pulse',
  APP_RESTARTING: 'i-lucide-repeat',
  BACKUP_FAILED: 'i-lucide-archive-x',
  DEPLOY_FAILED: 'i-lucide-rocket',
}

/** The page of what an alarm is about; undefined if there is none. */
export function placeOf({ kind, appId, nodeId }: Pick<AlarmItem, 'kind' | 'appId' | 'nodeId'>): string | undefined {
  if (appId) return kind === 'DEPLOY_FAILED' ? `/apps/${appId}/activity` : `/apps/${appId}`
  return nodeId ? `/nodes/${nodeId}` : undefined
}
