import { useToast } from '@nuxt/ui/composables'
import { cordonNode, endMaintenance, startMaintenance, uncordonNode } from '../graphql/nodes.ts'
import type { Problem } from '../graphql/problem.ts'
import type { NodeItem } from './useNodes.ts'
import { useMutate } from './useMutate.ts'
import type { Outcome } from './useMutate.ts'

type Node = Pick<NodeItem, 'id' | 'name'>

export interface HoldInput {
  reason: string | null
  /** null: until somebody ends it. */
  until: string | null
}

/** Cordon and maintenance of a node. Each says what it did; forms get what was refused. */
export function useNodeHolds() {
  const mutate = useMutate()
  const toast = useToast()

  async function tell(done: Promise<Outcome<unknown>>, title: string, description?: string): Promise<Problem | undefined> {
    const result = await done
    if (!result.ok) return result.problem
    toast.add({ title, description, color: 'success', icon: 'i-lucide-check' })
    return undefined
  }

  /** For what is done without a form: what was refused is told as well. */
  async function tellBoth(done: Promise<Outcome<unknown>>, title: string, refused: string): Promise<void> {
    const problem = await tell(done, title)
    if (problem) toast.add({ title: refused, description: problem.message, color: 'error', icon: 'i-lucide-circle-x' })
  }

  return {
    cordon: ({ id, name }: Node, { reason }: HoldInput) => tell(mutate(cordonNode, { id, reason }), `${name} is cordoned`),
    uncordon: ({ id, name }: Node) => tellBoth(mutate(uncordonNode, { id }), `${name} takes new apps again`, `${name} is still cordoned`),
    maintain: ({ id, name }: Node, input: HoldInput) =>
      tell(mutate(startMaintenance, { id, ...input }), `${name} is in maintenance`, 'Its checks go on, without alarms.'),
    endMaintenance: ({ id, name }: Node) =>
      tellBoth(mutate(endMaintenance, { id }), `The maintenance of ${name} is over`, `${name} is still in maintenance`),
  }
}
