import { ref, shallowRef } from 'vue'
import type { OperationItem } from '../../graphql/items.ts'

/** What became of one of several. */
export interface BatchItem {
  key: string
  name: string
  /** Its page. */
  to: string | undefined
  /** What it started, which goes on. */
  operation?: OperationItem | undefined
  /** Why nothing was done. */
  refusal?: string | undefined
  /** What was done. */
  told?: string | undefined
}

export type Fate = Pick<BatchItem, 'operation' | 'refusal' | 'told'>

export interface Batch {
  /** Such as `Restart 3 apps`. */
  title: string
  items: BatchItem[]
}

/** More at a time would only wait on the nodes. */
const atOnce = 4

/** Does the same to several, a few at a time, and says of each what became of it. */
export function useBatch() {
  const batch = shallowRef<Batch>()
  const running = ref(false)

  function tell(key: string, fate: Fate): void {
    if (batch.value)
      batch.value = { ...batch.value, items: batch.value.items.map((item) => (item.key === key ? { ...item, ...fate } : item)) }
  }

  async function start<Item>(
    title: string,
    items: Item[],
    describe: (item: Item) => Pick<BatchItem, 'key' | 'name' | 'to'>,
    run: (item: Item) => Promise<Fate>,
  ): Promise<void> {
    running.value = true
    batch.value = { title, items: items.map(describe) }
    const queue = items.slice()
    const worker = async (): Promise<void> => {
      for (let item = queue.shift(); item; item = queue.shift()) tell(describe(item).key, await run(item))
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
    running.value = false
  }

  return { batch, running, start, close: (): void => void (batch.value = undefined) }
}
