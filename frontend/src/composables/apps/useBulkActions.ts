import { computed, ref, shallowRef, toValue } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import type { AppItem, OperationItem } from '../../graphql/items.ts'
import { useOperations } from '../operations/useOperations.ts'
import { useMutate } from '../shared/useMutate.ts'
import { appActions } from './app-actions.ts'
import type { AppAction } from './app-actions.ts'
import { updatableServices } from '../../utils/apps/image-updates.ts'
import { obstacleTo } from './action-obstacles.ts'

export type BulkActionName = 'start' | 'stop' | 'restart' | 'update'

/** What became of one app: the operation it started, or why it started none. */
export interface BulkOutcome {
  app: AppItem
  operation: OperationItem | undefined
  refusal: string | undefined
}

/** More at a time would only wait on the nodes. */
const atOnce = 4

interface Batch {
  name: BulkActionName
  items: BulkOutcome[]
}

/** Runs one action on several apps, with an outcome for each. */
export function useBulkActions(apps: MaybeRefOrGetter<AppItem[]>) {
  const choice = useChoice(apps)
  const { batch, start } = useBatch()
  const { latest } = useOperations()
  const running = ref(false)

  async function runOn(name: BulkActionName, list: AppItem[]): Promise<void> {
    running.value = true
    await start(name, list)
    running.value = false
  }

  async function run(name: BulkActionName): Promise<void> {
    const waiting = choice.selected.value
    choice.clear()
    await runOn(name, waiting)
  }

  /** Apps with newer images, whether they are selected or not. */
  const updatable = computed(() => toValue(apps).filter((app) => updatableServices(app).length > 0))

  /** With each operation as it is now. */
  const outcomes = computed(
    () =>
      batch.value && {
        ...batch.value,
        items: batch.value.items.map((item) => ({ ...item, operation: item.operation && (latest(item.operation.id) ?? item.operation) })),
      },
  )
  return {
    ...choice,
    running,
    run,
    updatable,
    updateAll: () => runOn('update', updatable.value),
    outcomes,
    close: () => (batch.value = undefined),
  }
}

/** The apps that people ticked, of those in the list. */
function useChoice(apps: MaybeRefOrGetter<AppItem[]>) {
  const chosen = ref(new Set<string>())
  return {
    chosen: computed(() => chosen.value),
    selected: computed(() => toValue(apps).filter(({ id }) => chosen.value.has(id))),
    choose(ids: string[], isChosen: boolean): void {
      const kept = [...chosen.value].filter((id) => !ids.includes(id))
      chosen.value = new Set(isChosen ? [...kept, ...ids] : kept)
    },
    clear: () => (chosen.value = new Set()),
  }
}

function useBatch() {
  const mutate = useMutate()
  const { follow } = useOperations()
  const batch = shallowRef<Batch>()

  function setOutcome(id: string, part: Partial<BulkOutcome>): void {
    if (!batch.value) return
    batch.value = { ...batch.value, items: batch.value.items.map((item) => (item.app.id === id ? { ...item, ...part } : item)) }
  }

  async function runOne(name: BulkActionName, app: AppItem): Promise<void> {
    const action: AppAction = appActions[name]
    const obstacle = obstacleTo(action, app)
    if (obstacle !== undefined) return setOutcome(app.id, { refusal: obstacle })
    const outcome = await (action.dialog ? action.run(mutate, app, { copyVolumes: false }) : action.run(mutate, app, undefined))
    if (!outcome.ok) return setOutcome(app.id, { refusal: outcome.problem.message })
    setOutcome(app.id, { operation: outcome.data })
    follow(outcome.data)
  }

  async function start(name: BulkActionName, apps: AppItem[]): Promise<void> {
    batch.value = { name, items: apps.map((app) => ({ app, operation: undefined, refusal: undefined })) }
    const queue = apps.slice()
    const worker = async (): Promise<void> => {
      for (let app = queue.shift(); app; app = queue.shift()) await runOne(name, app)
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
  }

  return { batch, start }
}
