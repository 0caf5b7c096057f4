import { computed, toValue } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import type { RemoveAppInput } from '../../graphql/generated/graphql.ts'
import type { AppItem, OperationItem } from '../../graphql/items.ts'
import { updatableServices } from '../../utils/apps/image-updates.ts'
import { plural } from '../../utils/shared/format.ts'
import { useOperations } from '../operations/useOperations.ts'
import { useBatch } from '../shared/useBatch.ts'
import type { Batch, Fate } from '../shared/useBatch.ts'
import { useChoice } from '../shared/useChoice.ts'
import { useMutate } from '../shared/useMutate.ts'
import type { Outcome } from '../shared/useMutate.ts'
import { obstacleTo } from './action-obstacles.ts'
import { appActions } from './app-actions.ts'
import type { AppAction, AppActionName } from './app-actions.ts'

/** Those that need no further question. */
export const bulkActionNames = ['start', 'stop', 'restart', 'update'] as const satisfies AppActionName[]
export type BulkActionName = (typeof bulkActionNames)[number]

/** Runs one action on several apps, with an outcome for each. */
export function useBulkActions(apps: MaybeRefOrGetter<AppItem[]>) {
  const choice = useChoice(apps, ({ id }) => id)
  const { batch, running, start, close } = useBatch()
  const { follow, latest } = useOperations()
  const mutate = useMutate()

  const describe = ({ id, name }: AppItem) => ({ key: id, name, to: `/apps/${id}` })

  async function fateOf(action: AppAction, app: AppItem, send: () => Promise<Outcome<OperationItem>>): Promise<Fate> {
    const obstacle = obstacleTo(action, app)
    if (obstacle !== undefined) return { refusal: obstacle }
    const outcome = await send()
    if (!outcome.ok) return { refusal: outcome.problem.message }
    follow(outcome.data)
    return { operation: outcome.data }
  }

  function runOn(name: BulkActionName, list: AppItem[]): Promise<void> {
    const action: AppAction = appActions[name]
    const send = (app: AppItem) => (action.dialog ? action.run(mutate, app, { copyVolumes: false }) : action.run(mutate, app, undefined))
    return start(`${action.label} ${plural(list.length, 'app')}`, list, describe, (app) => fateOf(action, app, () => send(app)))
  }

  async function run(name: BulkActionName): Promise<void> {
    const waiting = choice.selected.value
    choice.clear()
    await runOn(name, waiting)
  }

  async function remove(input: RemoveAppInput): Promise<void> {
    const waiting = choice.selected.value
    choice.clear()
    const { remove: action } = appActions
    await start(`Remove ${plural(waiting.length, 'app')}`, waiting, describe, (app) =>
      fateOf(action, app, () => action.run(mutate, app, input)),
    )
  }

  /** Apps with newer images, whether they are selected or not. */
  const updatable = computed(() => toValue(apps).filter((app) => updatableServices(app).length > 0))

  const outcomes = computed(() => batch.value && withLatest(batch.value, latest))
  return { ...choice, running, run, remove, updatable, updateAll: () => runOn('update', updatable.value), outcomes, close }
}

/** With each operation as it is now. */
const withLatest = (batch: Batch, latest: (id: string) => OperationItem | undefined): Batch => ({
  ...batch,
  items: batch.items.map((item) => ({ ...item, operation: item.operation && (latest(item.operation.id) ?? item.operation) })),
})
