import type { OperationKind, OperationStatus } from '../../graphql/generated/graphql.ts'
import { operationStatusBadges } from '../shared/status-badges.ts'

export const operationNames: Record<OperationKind, string> = {
  CREATE: 'Create',
  UPDATE: 'Update',
  START: 'Start',
  STOP: 'Stop',
  REMOVE: 'Remove',
  UNKNOWN: 'Change',
}

/** Such as `Create whoami: succeeded`. */
export const operationTitle = (operation: { kind: OperationKind; appName?: string | null; status: OperationStatus }): string =>
  `${operationNames[operation.kind]} ${operation.appName ?? 'app'}: ${operationStatusBadges[operation.status].label.toLowerCase()}`

export const isFinal = ({ status }: { status: OperationStatus }): boolean => status !== 'QUEUED' && status !== 'RUNNING'
