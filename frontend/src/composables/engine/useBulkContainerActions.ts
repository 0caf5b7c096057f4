import type { MaybeRefOrGetter } from 'vue'
import { computed, toValue } from 'vue'
import type { NodeContainerItem } from '../../graphql/items.ts'
import { containerActions } from '../../utils/engine/container-actions.ts'
import { thingKey } from '../../utils/engine/removable-item.ts'
import { plural } from '../../utils/shared/format.ts'
import { useBatch } from '../shared/useBatch.ts'
import { useChoice } from '../shared/useChoice.ts'
import { useEngineChanges } from './useEngineChanges.ts'

export const bulkContainerActionNames = ['START', 'STOP', 'RESTART', 'REMOVE'] as const
export type BulkContainerActionName = (typeof bulkContainerActionNames)[number]

/** Does one thing to several containers, with an outcome for each. Selfhostly's own cannot be chosen. */
export function useBulkContainerActions(containers: MaybeRefOrGetter<NodeContainerItem[]>, onDone: () => unknown) {
  const choosable = computed(() => toValue(containers).filter(({ isSelf, nodeId }) => !isSelf && nodeId))
  const choice = useChoice(choosable, thingKey)
  const { batch, running, start, close } = useBatch()
  const { act } = useEngineChanges()

  async function run(name: BulkContainerActionName): Promise<void> {
    const waiting = choice.selected.value
    choice.clear()
    const { label, in: possible } = containerActions[name]
    await start(
      `${label} ${plural(waiting.length, 'container')}`,
      waiting,
      (container) => ({ key: thingKey(container), name: container.name, to: undefined }),
      async ({ nodeId, id, state }) => {
        if (!possible.includes(state)) return { refusal: `Not possible in its state: ${state.toLowerCase()}` }
        const outcome = await act(nodeId ?? '', id, name)
        return outcome.ok ? { told: `Now ${outcome.data.containerAction.state.toLowerCase()}` } : { refusal: outcome.problem.message }
      },
    )
    onDone()
  }

  return { ...choice, choosable, running, run, batch, close }
}
