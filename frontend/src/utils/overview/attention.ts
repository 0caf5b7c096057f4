import type { AlarmKind } from '../../graphql/generated/graphql.ts'
import type { AlarmItem, AppItem, NodeItem, OperationItem, ServerItem } from '../../graphql/items.ts'
import { isNotAsDesired } from '../apps/app-state.ts'
import { pathOfTab } from '../apps/app-tabs.ts'
import { updatableServices } from '../apps/image-updates.ts'
import { troublePlace } from '../apps/trouble-place.ts'
import { nodeMarkBadges } from '../nodes/node-marks.ts'
import { pathOfNodeTab } from '../nodes/node-tabs.ts'
import { operationOn } from '../operations/operation-words.ts'
import { plural } from '../shared/format.ts'
import { appStatusBadges, nodeStatusBadges } from '../shared/status-badges.ts'
import { alarmIcons, placeOf } from '../shell/alarm-words.ts'

/** What one press of a button does about it. */
export type Remedy =
  | { kind: 'check'; node: NodeItem }
  | { kind: 'start' | 'update'; app: AppItem }
  | { kind: 'retry'; operation: OperationItem }
  | { kind: 'open'; label: string; to: string }

export type Severity = 'CRITICAL' | 'WARNING' | 'INFO'

/** Something that someone should look into or decide about. */
export interface AttentionItem {
  key: string
  severity: Severity
  icon: string
  title: string
  detail?: string | undefined
  since?: string | undefined
  /** The page about it. */
  to?: string | undefined
  remedy?: Remedy | undefined
}

export interface Known {
  alarms: AlarmItem[]
  nodes: NodeItem[]
  apps: AppItem[]
  /** The newest operation of an app, if it failed. */
  failed: OperationItem[]
  server: Pick<ServerItem, 'backup'> | undefined
}

const ranks: Record<Severity, number> = { CRITICAL: 0, WARNING: 1, INFO: 2 }

/** What needs attention, worst first. What an alarm says is not said again. */
export function attentionOf(known: Known): AttentionItem[] {
  const ofAlarm = new Set(known.alarms.flatMap(({ appId, nodeId }) => appId ?? nodeId ?? []))
  const items = [
    ...known.alarms.map((alarm) => fromAlarm(alarm, known)),
    ...known.nodes.filter(({ id }) => !ofAlarm.has(id)).flatMap(fromNodeStatus),
    ...known.nodes.flatMap(fromConditions),
    ...known.apps.filter(({ id }) => !ofAlarm.has(id)).flatMap((app) => fromApp(app, known.failed)),
    ...known.failed.filter(({ appId }) => !ofAlarm.has(appId ?? '')).flatMap((operation) => fromFailed(operation, known.apps)),
    ...known.apps.flatMap(fromDisk),
    ...fromUpdates(known.apps),
    ...fromBackup(known.server),
  ]
  return items.sort((a, b) => ranks[a.severity] - ranks[b.severity])
}

const open = (label: string, to: string): Remedy => ({ kind: 'open', label, to })

function remedyOfAlarm({ kind, appId, nodeId }: AlarmItem, { nodes, failed }: Known): Remedy | undefined {
  const node = nodes.find(({ id }) => id === nodeId)
  const operation = failed.find((each) => each.appId === appId)
  const remedies: Record<AlarmKind, Remedy | undefined> = {
    NODE_DOWN: node && { kind: 'check', node },
    NETWORK_SUSPECTED: open('Show nodes', '/nodes'),
    DISK_FILLING: nodeId ? open('Free space', pathOfNodeTab(nodeId, 'images')) : undefined,
    CLOCK_OFF: nodeId ? open('Show node', pathOfNodeTab(nodeId, 'overview')) : undefined,
    APP_UNHEALTHY: appId ? open('Logs', pathOfTab(appId, 'logs')) : undefined,
    APP_RESTARTING: appId ? open('Logs', pathOfTab(appId, 'logs')) : undefined,
    BACKUP_FAILED: open('Backups', '/settings'),
    DEPLOY_FAILED: operation ? { kind: 'retry', operation } : appId ? open('Output', pathOfTab(appId, 'activity')) : undefined,
  }
  return remedies[kind]
}

const fromAlarm = (alarm: AlarmItem, known: Known): AttentionItem => ({
  key: `alarm ${alarm.id}`,
  severity: alarm.severity === 'CRITICAL' ? 'CRITICAL' : 'WARNING',
  icon: alarmIcons[alarm.kind],
  title: alarm.message,
  since: alarm.since,
  to: placeOf(alarm),
  remedy: remedyOfAlarm(alarm, known),
})

/** A node in maintenance is away because somebody wants it so. */
function fromNodeStatus(node: NodeItem): AttentionItem[] {
  if (node.status === 'ONLINE' || node.maintenance) return []
  const { label, icon } = nodeStatusBadges[node.status]
  return [
    {
      key: `node ${node.id}`,
      severity: 'CRITICAL',
      icon,
      title: `${node.name} is ${label.toLowerCase()}`,
      detail: node.statusReason ?? undefined,
      since: node.statusSince,
      to: pathOfNodeTab(node.id, 'overview'),
      remedy: { kind: 'check', node },
    },
  ]
}

function fromConditions(node: NodeItem): AttentionItem[] {
  return node.conditions
    .map((condition) => ({ ...condition, ...nodeMarkBadges[condition.type] }))
    .filter(({ color }) => color === 'error' || color === 'warning')
    .map(({ type, message, color, icon, since, label }) => ({
      key: `condition ${node.id} ${type}`,
      severity: color === 'error' ? 'CRITICAL' : 'WARNING',
      icon,
      title: `${node.name}: ${label}`,
      detail: message,
      since,
      to: pathOfNodeTab(node.id, 'overview'),
      remedy: open('Show node', pathOfNodeTab(node.id, 'overview')),
    }))
}

function fromApp(app: AppItem, failed: OperationItem[]): AttentionItem[] {
  const { id, name, status, statusReason } = app
  const isStopped = status === 'STOPPED' && isNotAsDesired(app)
  if (status !== 'ERROR' && status !== 'DEGRADED' && !isStopped) return []
  const operation = failed.find(({ appId }) => appId === id)
  const to = troublePlace(app)
  return [
    {
      key: `app ${id}`,
      severity: status === 'DEGRADED' ? 'WARNING' : 'CRITICAL',
      icon: appStatusBadges[status].icon,
      title: isStopped ? `${name} should be running but is stopped` : `${name}: ${appStatusBadges[status].label.toLowerCase()}`,
      detail: statusReason ?? undefined,
      to,
      remedy: operation ? { kind: 'retry', operation } : isStopped ? { kind: 'start', app } : open('Logs', pathOfTab(id, 'logs')),
    },
  ]
}

/** Apps that are in trouble say it themselves. */
function fromFailed(operation: OperationItem, apps: AppItem[]): AttentionItem[] {
  const { id, kind, status, appId, appName, error, finishedAt, createdAt } = operation
  const app = apps.find((each) => each.id === appId)
  if (!app || fromApp(app, []).length > 0) return []
  return [
    {
      key: `operation ${id}`,
      severity: 'WARNING',
      icon: 'i-lucide-rocket',
      title: `${operationOn(kind, appName)} ${status === 'INTERRUPTED' ? 'was interrupted' : 'failed'}`,
      detail: error?.split('\n')[0],
      since: finishedAt ?? createdAt,
      to: pathOfTab(app.id, 'activity'),
      remedy: { kind: 'retry', operation },
    },
  ]
}

function fromDisk({ id, name, changedOnDisk, changedFiles }: AppItem): AttentionItem[] {
  if (!changedOnDisk) return []
  return [
    {
      key: `disk ${id}`,
      severity: 'WARNING',
      icon: 'i-lucide-file-diff',
      title: `${name} was changed on disk`,
      detail: changedFiles.length > 0 ? changedFiles.join(', ') : undefined,
      to: pathOfTab(id, 'files'),
      remedy: open('Compare', pathOfTab(id, 'files')),
    },
  ]
}

/** Each with a line of its own would hide the rest. */
function fromUpdates(apps: AppItem[]): AttentionItem[] {
  const found = apps.filter((app) => updatableServices(app).length > 0)
  const [first] = found
  if (!first) return []
  const one = found.length === 1
  const to = one ? pathOfTab(first.id, 'overview') : '/apps?has=updates'
  return [
    {
      key: 'updates',
      severity: 'INFO',
      icon: 'i-lucide-circle-arrow-up',
      title: one ? `${first.name} has a newer image` : `${plural(found.length, 'app')} have newer images`,
      detail: one ? updatableServices(first).join(', ') : found.map(({ name }) => name).join(', '),
      to,
      remedy: one ? { kind: 'update', app: first } : open('Update', to),
    },
  ]
}

function fromBackup(server: Known['server']): AttentionItem[] {
  const failure = server?.backup?.failure
  if (!failure) return []
  return [
    {
      key: 'backup',
      severity: 'WARNING',
      icon: 'i-lucide-archive-x',
      title: 'The last backup failed',
      detail: failure.reason,
      since: failure.at,
      to: '/settings',
      remedy: open('Settings', '/settings'),
    },
  ]
}
