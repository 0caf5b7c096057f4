import { computed, toValue } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import { thingKey } from '../../utils/engine/removable-item.ts'
import type { RemovableItem } from '../../utils/engine/removable-item.ts'
import { plural } from '../../utils/shared/format.ts'
import { useBatch } from '../shared/useBatch.ts'
import { useChoice } from '../shared/useChoice.ts'
import { useEngineChanges } from './useEngineChanges.ts'
import type { RemovableKind } from './useEngineChanges.ts'

/** Removes several images, volumes or networks, with an outcome for each. */
export function useBulkRemoval<Item extends RemovableItem>(
  kind: RemovableKind,
  removable: MaybeRefOrGetter<Item[]>,
  { nameOf, onDone }: { nameOf: (item: Item) => string; onDone: () => unknown },
) {
  const choice = useChoice(removable, thingKey)
  const { batch, running, start, close } = useBatch()
  const { remove } = useEngineChanges()

  async function removeAll(): Promise<void> {
    const waiting = choice.selected.value
    choice.clear()
    await start(
      `Remove ${plural(waiting.length, kind)}`,
      waiting,
      (item) => ({ key: thingKey(item), name: nameOf(item), to: undefined }),
      async ({ nodeId, id }) => {
        const outcome = await remove(kind, nodeId ?? '', id)
        return outcome.ok ? { told: 'Removed' } : { refusal: outcome.problem.message }
      },
    )
    onDone()
  }

  return { ...choice, total: computed(() => toValue(removable).length), running, removeAll, batch, close }
}
