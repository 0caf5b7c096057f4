import type {
  AppStatus,
  AuditOutcome,
  ContainerState,
  ImageUpdateState,
  JoinTokenState,
  NodeStatus,
  OperationStatus,
  Role,
  StatsState,
  VersionOutcome,
} from '../../graphql/generated/graphql.ts'

export type Color = 'primary' | 'success' | 'warning' | 'error' | 'info' | 'neutral'

/** How a state is shown: always with a word and an icon, never by color alone. */
export interface Badge {
  label: string
  color: Color
  icon: string
  spins?: boolean
}

/** For a list to choose from. */
export const badgeItems = <Key extends string>(badges: Record<Key, Pick<Badge, 'label' | 'icon'>>) =>
  (Object.keys(badges) as Key[]).map((value) => ({ value, label: badges[value].label, icon: badges[value].icon }))

export const nodeStatusBadges: Record<NodeStatus, Badge> = {
  ONLINE: { label: 'Online', color: 'success', icon: 'i-lucide-circle-check' },
  OFFLINE: { label: 'Offline', color: 'warning', icon: 'i-lucide-circle-alert' },
  UNREACHABLE: { label: 'Unreachable', color: 'error', icon: 'i-lucide-circle-x' },
}

export const appStatusBadges: Record<AppStatus, Badge> = {
  PENDING: { label: 'Pending', color: 'info', icon: 'i-lucide-circle-dashed' },
  STARTING: { label: 'Starting', color: 'info', icon: 'i-lucide-loader-circle', spins: true },
  RUNNING: { label: 'Running', color: 'success', icon: 'i-lucide-circle-play' },
  DEGRADED: { label: 'Degraded', color: 'warning', icon: 'i-lucide-triangle-alert' },
  STOPPING: { label: 'Stopping', color: 'info', icon: 'i-lucide-loader-circle', spins: true },
  STOPPED: { label: 'Stopped', color: 'neutral', icon: 'i-lucide-circle-stop' },
  UPDATING: { label: 'Updating', color: 'info', icon: 'i-lucide-loader-circle', spins: true },
  REMOVING: { label: 'Removing', color: 'info', icon: 'i-lucide-loader-circle', spins: true },
  ERROR: { label: 'Error', color: 'error', icon: 'i-lucide-circle-x' },
  UNKNOWN: { label: 'Unknown', color: 'warning', icon: 'i-lucide-circle-help' },
}

/** Worst first, so that trouble is on the left. */
export const appStatusOrder: AppStatus[] = [
  ...(['ERROR', 'DEGRADED', 'UNKNOWN', 'UPDATING', 'STARTING', 'PENDING', 'STOPPING', 'REMOVING', 'RUNNING', 'STOPPED'] as const),
]
export const nodeStatusOrder: NodeStatus[] = ['UNREACHABLE', 'OFFLINE', 'ONLINE']
export const containerStateOrder: ContainerState[] = [
  ...(['DEAD', 'RESTARTING', 'UNKNOWN', 'EXITED', 'PAUSED', 'REMOVING', 'CREATED', 'RUNNING'] as const),
]

export const containerStateBadges: Record<ContainerState, Badge> = {
  CREATED: { label: 'Created', color: 'neutral', icon: 'i-lucide-circle-dashed' },
  RUNNING: { label: 'Running', color: 'success', icon: 'i-lucide-circle-play' },
  PAUSED: { label: 'Paused', color: 'warning', icon: 'i-lucide-circle-pause' },
  RESTARTING: { label: 'Restarting', color: 'warning', icon: 'i-lucide-loader-circle', spins: true },
  REMOVING: { label: 'Removing', color: 'neutral', icon: 'i-lucide-loader-circle', spins: true },
  EXITED: { label: 'Exited', color: 'neutral', icon: 'i-lucide-circle-stop' },
  DEAD: { label: 'Dead', color: 'error', icon: 'i-lucide-circle-x' },
  UNKNOWN: { label: 'Unknown', color: 'warning', icon: 'i-lucide-circle-help' },
}

/** One that ended with an error is told apart from one that was stopped. */
export const containerBadge = ({ state, exitCode }: { state: ContainerState; exitCode?: number | null }): Badge =>
  state === 'EXITED' && exitCode
    ? { ...containerStateBadges.EXITED, color: 'error', icon: 'i-lucide-circle-x' }
    : containerStateBadges[state]

export const operationStatusBadges: Record<OperationStatus, Badge> = {
  QUEUED: { label: 'Queued', color: 'neutral', icon: 'i-lucide-circle-dashed' },
  RUNNING: { label: 'Running', color: 'info', icon: 'i-lucide-loader-circle', spins: true },
  SUCCEEDED: { label: 'Succeeded', color: 'success', icon: 'i-lucide-circle-check' },
  FAILED: { label: 'Failed', color: 'error', icon: 'i-lucide-circle-x' },
  CANCELLED: { label: 'Cancelled', color: 'neutral', icon: 'i-lucide-circle-slash' },
  INTERRUPTED: { label: 'Interrupted', color: 'warning', icon: 'i-lucide-circle-alert' },
}

export const imageUpdateBadges: Record<ImageUpdateState, Badge> = {
  CURRENT: { label: 'Current', color: 'success', icon: 'i-lucide-circle-check' },
  AVAILABLE: { label: 'Newer image', color: 'info', icon: 'i-lucide-circle-arrow-up' },
  UNKNOWN: { label: 'Unknown', color: 'warning', icon: 'i-lucide-circle-help' },
  PINNED: { label: 'Pinned', color: 'neutral', icon: 'i-lucide-pin' },
  LOCAL: { label: 'Local', color: 'neutral', icon: 'i-lucide-hard-drive' },
}

export const versionOutcomeBadges: Record<VersionOutcome, Badge> = {
  PENDING: { label: 'Not judged', color: 'neutral', icon: 'i-lucide-circle-dashed' },
  HEALTHY: { label: 'Healthy', color: 'success', icon: 'i-lucide-circle-check' },
  FAILED: { label: 'Failed', color: 'error', icon: 'i-lucide-circle-x' },
  ROLLED_BACK: { label: 'Rolled back', color: 'warning', icon: 'i-lucide-undo-2' },
}

export const statsStateBadges: Record<StatsState, Badge> = {
  OK: { label: 'Live', color: 'success', icon: 'i-lucide-activity' },
  STALE: { label: 'Stale', color: 'warning', icon: 'i-lucide-circle-alert' },
  ERROR: { label: 'No stats', color: 'error', icon: 'i-lucide-circle-x' },
}

export const roleBadges: Record<Role, Badge> = {
  VIEWER: { label: 'Viewer', color: 'neutral', icon: 'i-lucide-eye' },
  OPERATOR: { label: 'Operator', color: 'info', icon: 'i-lucide-wrench' },
  ADMIN: { label: 'Admin', color: 'primary', icon: 'i-lucide-shield-check' },
}

export const joinTokenBadges: Record<JoinTokenState, Badge> = {
  OPEN: { label: 'Open', color: 'success', icon: 'i-lucide-circle-check' },
  USED_UP: { label: 'Used up', color: 'neutral', icon: 'i-lucide-circle-slash' },
  EXPIRED: { label: 'Expired', color: 'warning', icon: 'i-lucide-circle-alert' },
}

export const auditOutcomeBadges: Record<AuditOutcome, Badge> = {
  STARTED: { label: 'Started', color: 'neutral', icon: 'i-lucide-circle-dashed' },
  SUCCEEDED: { label: 'Succeeded', color: 'success', icon: 'i-lucide-circle-check' },
  FAILED: { label: 'Failed', color: 'error', icon: 'i-lucide-circle-x' },
  CANCELLED: { label: 'Cancelled', color: 'neutral', icon: 'i-lucide-circle-slash' },
  INTERRUPTED: { label: 'Interrupted', color: 'warning', icon: 'i-lucide-circle-alert' },
  UNKNOWN: { label: 'Outcome unknown', color: 'warning', icon: 'i-lucide-circle-help' },
  DENIED: { label: 'Denied', color: 'warning', icon: 'i-lucide-ban' },
}
