import pLimit from 'p-limit'
import { AppError, errorMessage } from '../errors.ts'
import type { OperationRun } from './operation-run.ts'

/**
 * Runs `act` for each item, even if it fails for some.
 *
 * @returns the failures
 * @throws when the operation was aborted or Docker does not answer
 */
export async function each<T>(
  items: T[],
  atOnce: number,
  { signal }: OperationRun,
  act: (item: T) => Promise<void>,
  failed: (item: T) => string,
): Promise<string[]> {
  const limit = pLimit(atOnce)
  const failures: string[] = []
  const attempt = async (item: T): Promise<void> => {
    signal.throwIfAborted()
    await act(item).catch((error: unknown) => {
      if (signal.aborted || (error instanceof AppError && error.code === 'DOCKER_UNAVAILABLE')) throw error
      failures.push(`${failed(item)}: ${errorMessage(error)}`)
    })
  }
  await Promise.all(items.map((item) => limit(() => attempt(item))))
  return failures
}
