import { ref } from 'vue'
import type { AppItem, OperationItem } from '../../graphql/items.ts'
import { useOperations } from '../operations/useOperations.ts'
import { useDialogFor } from '../shared/useDialogFor.ts'
import { useMutate } from '../shared/useMutate.ts'
import { useResultToasts } from '../shared/useResultToasts.ts'
import { appActions } from './app-actions.ts'
import type { AppAction, AppActionName, StartsOperation } from './app-actions.ts'

/**
 * Runs the actions on an app. Those with a dialog ask first. Each starts an operation, which is followed until it ends and then
 * reported in a toast, as is a refusal.
 */
export function useAppActions(onBegun: (operation: OperationItem) => void = () => {}) {
  const mutate = useMutate()
  const { failed } = useResultToasts()
  const { announce } = useOperations()
  const { subject: asking, open, openFor } = useDialogFor<{ action: AppAction; app: AppItem }>()
  /** Ids of apps with a request in flight. */
  const busy = ref(new Set<string>())

  async function run<Input>(action: StartsOperation<Input> & { past: string }, app: AppItem, input: Input): Promise<void> {
    busy.value.add(app.id)
    const outcome = await action.run(mutate, app, input)
    busy.value.delete(app.id)
    if (!outcome.ok) return failed({ title: `${app.name} could not be ${action.past}`, description: outcome.problem.message })
    announce(outcome.data)
    onBegun(outcome.data)
  }

  async function choose(name: AppActionName, app: AppItem): Promise<void> {
    const action: AppAction = appActions[name]
    if (action.dialog) openFor({ action, app })
    else await run(action, app, undefined)
  }

  return { busy, asking, open, run, choose }
}
