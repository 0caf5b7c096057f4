import type { ComposeProblem } from './compose-problem.ts'

/** One slow thing done to an app, on the node that owns the app. */
export interface Operation {
  id: string
  nodeId: string
  kind: OperationKind
  status: OperationStatus
  /** 0 to 100; 100 only when it succeeded. */
  progress: number
  message: string | null
  /** What the Compose CLI printed, oldest first. The newest lines are kept; the first then says how many came before. */
  output: string[]
  /** What Compose warned of, and what else should be known of the file; at most 50. */
  warnings: ComposeProblem[]
  error: string | null
  /** The name stays known after the app is removed. */
  appId: string | null
  appName: string | null
  createdAt: Date
  startedAt: Date | null
  finishedAt: Date | null
}

/** `unknown` stands for what a node of another version does. */
export const operationKinds = ['create', 'update', 'start', 'stop', 'remove', 'unknown'] as const
export type OperationKind = (typeof operationKinds)[number]

export const operationStatuses = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted'] as const
export type OperationStatus = (typeof operationStatuses)[number]

/**
 * These words are promised, so none of them says "unknown". One that only a newer version knows is read as what is sure of
 * it: it waits, it runs, or it is over and was not seen to succeed.
 */
export function nearestStatus(isStarted: boolean, isFinished: boolean): OperationStatus {
  if (isFinished) return 'interrupted'
  return isStarted ? 'running' : 'queued'
}

export const isFinal = (status: OperationStatus): boolean => status !== 'queued' && status !== 'running'
