import { ref } from 'vue'
import type { NodeItem } from '../../graphql/items.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useDialogFor } from '../shared/useDialogFor.ts'
import { useMutate } from '../shared/useMutate.ts'
import { useResultToasts } from '../shared/useResultToasts.ts'
import type { NodeAction, SendsAndTells } from './node-action.ts'
import { nodeActions } from './node-actions.ts'
import type { NodeActionName } from './node-actions.ts'

/**
 * Runs the actions on a node. Those with a dialog ask first.
 * @param onGone called after a node was removed
 */
export function useNodeActions(onGone?: () => Promise<unknown>) {
  const mutate = useMutate()
  const { failed, succeeded } = useResultToasts()
  const { subject: asking, open, openFor } = useDialogFor<{ action: NodeAction; node: NodeItem }>()
  /** Ids of nodes whose button's action is in flight. */
  const busy = ref(new Set<string>())

  /** Reports success that the page does not show. The dialog shows a refusal. */
  async function run<Input>(
    action: SendsAndTells<Input> & Pick<NodeAction, 'inSight' | 'endsNode'>,
    node: NodeItem,
    input: Input,
  ): Promise<Problem | undefined> {
    const outcome = await action.run(mutate, node, input)
    if (!outcome.ok) return outcome.problem
    if (!action.inSight) succeeded(outcome.data)
    if (action.endsNode) await onGone?.()
    return undefined
  }

  async function choose(name: NodeActionName, node: NodeItem): Promise<void> {
    const action: NodeAction = nodeActions[name]
    if (action.dialog) return openFor({ action, node })
    const isButton = action.place === 'button'
    if (isButton) busy.value.add(node.id)
    const problem = await run(action, node, undefined)
    if (isButton) busy.value.delete(node.id)
    if (problem) failed({ ...action.refused(node), description: problem.message })
  }

  return { busy, asking, open, run, choose }
}
