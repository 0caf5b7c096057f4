import { useToast } from '@nuxt/ui/composables'
import { cordonNode, endMaintenance, startMaintenance, uncordonNode } from '../../graphql/documents/nodes.ts'
import type { Problem } from '../../graphql/problem.ts'
import type { NodeItem } from './useNodes.ts'
import { useMutate } from '../shared/useMutate.ts'
import type { Outcome } from '../shared/useMutate.ts'

type Node = Pick<NodeItem, 'id' | 'name'>

export interface HoldInput {
  reason: string | null
  /** Null: until someone ends it. */
  until: string | null
}

/** Cordon and maintenance of a node. Each action reports success in a toast. Forms get the problem back. */
export function useNodeHolds() {
  const mutate = useMutate()
  const toast = useToast()

  async function tell(done: Promise<Outcome<unknown>>, title: string, description?: string): Promise<Problem | undefined> {
    const result = await done
    if (!result.ok) return result.problem
    toast.add({ title, description, color: 'success', icon: 'i-lucide-check' })
    return undefined
  }

  /** For actions without a form: reports a refusal in a toast too. */
  async function tellBoth(done: Promise<Outcome<unknown>>, title: string, refused: string): Promise<void> {
    const problem = await tell(done, title)
    if (problem) toast.add({ title: refused, description: problem.message, color: 'error', icon: 'i-lucide-circle-x' })
  }

  return {
    cordon: ({ id, name }: Node, { reason }: HoldInput) => tell(mutate(cordonNode, { id, reason }), `${name} cordoned`),
    uncordon: ({ id, name }: Node) => tellBoth(mutate(uncordonNode, { id }), `${name} takes new apps again`, `${name} is still cordoned`),
    maintain: ({ id, name }: Node, input: HoldInput) =>
      tell(mutate(startMaintenance, { id, ...input }), `${name} is in maintenance`, 'Health checks continue without alarms.'),
    endMaintenance: ({ id, name }: Node) =>
      tellBoth(mutate(endMaintenance, { id }), `Maintenance of ${name} ended`, `${name} is still in maintenance`),
  }
}
