import type { AppStatus } from './app.ts'
import type { ComposeProblem } from './compose-problem.ts'

/** A slow action, run by the node that it is about. Nearly all are about an app. */
export interface Operation {
  id: string
  nodeId: string
  kind: OperationKind
  status: OperationStatus
  /** 0 to 100. Reaches 100 only on success. */
  progress: number
  message: string | null
  /** Output of the Compose CLI, oldest first. Only the newest lines are kept. If some were dropped, the first line says how many. */
  output: string[]
  /** Warnings from Compose and from this program's own checks; at most 50. */
  warnings: ComposeProblem[]
  error: string | null
  /** Null for a pull of an image, which belongs to no app. `appName` is kept after the app is removed. */
  appId: string | null
  appName: string | null
  createdAt: Date
  startedAt: Date | null
  finishedAt: Date | null
}

/** `unknown` stands for a kind that only another version knows. */
export const operationKinds = [
  'create',
  'update',
  'start',
  'stop',
  'restart',
  'rollback',
  'restore_volumes',
  'update_images',
  'import',
  'recreate',
  'pull_image',
  'remove',
  'unknown',
] as const
export type OperationKind = (typeof operationKinds)[number]

export const operationStatuses = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted'] as const
export type OperationStatus = (typeof operationStatuses)[number]

interface KindFacts {
  /** The part of a message that names the failure. */
  doing: string
  /** The app's status while such an operation is queued or running. */
  status: AppStatus
}

export const factsOfKind: Record<OperationKind, KindFacts> = {
  create: { doing: 'Creating it', status: 'pending' },
  update: { doing: 'Updating it', status: 'updating' },
  start: { doing: 'Starting it', status: 'starting' },
  stop: { doing: 'Stopping it', status: 'stopping' },
  restart: { doing: 'Restarting it', status: 'starting' },
  rollback: { doing: 'Rolling it back', status: 'updating' },
  restore_volumes: { doing: 'Restoring its volumes', status: 'updating' },
  update_images: { doing: 'Updating its images', status: 'updating' },
  import: { doing: 'Importing it', status: 'pending' },
  recreate: { doing: 'Making it again', status: 'pending' },
  pull_image: { doing: 'Pulling an image', status: 'updating' },
  remove: { doing: 'Removing it', status: 'removing' },
  unknown: { doing: 'An operation', status: 'updating' },
}

/** Such as `Creating it failed: could not start service "web": ...`. */
export function failureWords(kind: OperationKind, { status, error }: Pick<Operation, 'status' | 'error'>): string {
  // What follows a blank line is for those who look closer, such as the last lines of a log.
  const [reason = ''] = (error ?? '').replace(/^Could not /, 'could not ').split('\n\n')
  if (status === 'cancelled') return `${factsOfKind[kind].doing} was cancelled`
  return `${factsOfKind[kind].doing} ${status === 'failed' ? 'failed' : `was ${status}`}: ${reason}`
}

/**
 * The list of statuses is part of the API and has no "unknown". A status that only a newer version knows is read as what is
 * certain: it waits, it runs, or it has ended without a known success.
 */
export function nearestStatus(isStarted: boolean, isFinished: boolean): OperationStatus {
  if (isFinished) return 'interrupted'
  return isStarted ? 'running' : 'queued'
}

/** Cancelled before it started, so it has changed nothing. */
export const isWithdrawn = ({ status, startedAt }: Pick<Operation, 'status' | 'startedAt'>): boolean =>
  status === 'cancelled' && startedAt === null

export const isFinal = (status: OperationStatus): boolean => status !== 'queued' && status !== 'running'
