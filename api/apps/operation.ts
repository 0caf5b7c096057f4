/** One slow thing done to an app, on the node that owns the app. */
export interface Operation {
  id: string
  nodeId: string
  kind: OperationKind
  status: OperationStatus
  /** 0 to 100; 100 only when it succeeded. */
  progress: number
  message: string | null
  /** What the Compose CLI printed, oldest first; the newest 500 lines are kept. */
  output: string[]
  error: string | null
  /** The name stays known after the app is removed. */
  appId: string | null
  appName: string | null
  createdAt: Date
  startedAt: Date | null
  finishedAt: Date | null
}

export const operationKinds = ['create', 'update', 'start', 'stop', 'remove'] as const
export type OperationKind = (typeof operationKinds)[number]

export const operationStatuses = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted'] as const
export type OperationStatus = (typeof operationStatuses)[number]

export const isFinal = (status: OperationStatus): boolean => status !== 'queued' && status !== 'running'
