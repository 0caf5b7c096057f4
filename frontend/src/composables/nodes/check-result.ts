import type { CheckNodeMutation } from '../../graphql/generated/graphql.ts'
import type { NodeItem } from '../../graphql/items.ts'
import type { ResultToast } from '../shared/useResultToasts.ts'

/** One toast per node: a later check replaces the earlier result. */
export const checkToastId = (nodeId: string): string => `check-${nodeId}`

export function checkResult(node: NodeItem, { ok, error, durationMs }: CheckNodeMutation['checkNode']): ResultToast {
  const id = checkToastId(node.id)
  if (ok) return { id, title: `${node.name} answered in ${durationMs} ms`, icon: 'i-lucide-circle-check' }
  return {
    id,
    title: `${node.name} failed its health check after ${durationMs} ms`,
    description: error ?? undefined,
    color: 'error',
    icon: 'i-lucide-circle-x',
  }
}
