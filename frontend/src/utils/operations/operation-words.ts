import type { OperationKind, OperationStatus } from '../../graphql/generated/graphql.ts'
import { operationStatusBadges } from '../shared/status-badges.ts'

/** Kinds are verbs: `START` is `Start`. */
export const operationName = (kind: OperationKind): string => (kind === 'UNKNOWN' ? 'Change' : kind.charAt(0) + kind.slice(1).toLowerCase())

/** Such as `Create whoami: succeeded`. */
export const operationTitle = (operation: { kind: OperationKind; appName?: string | null; status: OperationStatus }): string =>
  `${operationName(operation.kind)} ${operation.appName ?? 'app'}: ${operationStatusBadges[operation.status].label.toLowerCase()}`

export const isFinal = ({ status }: { status: OperationStatus }): boolean => status !== 'QUEUED' && status !== 'RUNNING'
