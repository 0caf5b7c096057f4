import type { OperationKind, OperationStatus } from '../../graphql/generated/graphql.ts'
import { operationStatusBadges } from '../shared/status-badges.ts'

const names: Record<OperationKind, string> = {
  CREATE: 'Create',
  UPDATE: 'Update',
  START: 'Start',
  STOP: 'Stop',
  RESTART: 'Restart',
  ROLLBACK: 'Roll back',
  RESTORE_VOLUMES: 'Restore volumes',
  UPDATE_IMAGES: 'Update images',
  IMPORT: 'Import',
  RECREATE: 'Make again',
  PULL_IMAGE: 'Pull an image',
  REMOVE: 'Remove',
  UNKNOWN: 'Change',
}

export const operationName = (kind: OperationKind): string => names[kind]

/** Such as `Create whoami`, or `Update images of whoami`. */
export function operationOn(kind: OperationKind, appName: string | null | undefined): string {
  if (kind === 'PULL_IMAGE') return names[kind]
  const of = kind === 'UPDATE_IMAGES' || kind === 'RESTORE_VOLUMES' ? ' of' : ''
  return `${names[kind]}${of} ${appName ?? 'app'}`
}

/** Such as `Create whoami: succeeded`. */
export const operationTitle = (operation: { kind: OperationKind; appName?: string | null; status: OperationStatus }): string =>
  `${operationOn(operation.kind, operation.appName)}: ${operationStatusBadges[operation.status].label.toLowerCase()}`

export const isFinal = ({ status }: { status: OperationStatus }): boolean => status !== 'QUEUED' && status !== 'RUNNING'
