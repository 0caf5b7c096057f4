import { ref, shallowRef } from 'vue'

/** An action that waits for an answer in its dialog, and the item it was chosen for. Both stay set while the dialog closes. */
export function useActionDialog<Action, Item>() {
  const asking = shallowRef<{ action: Action; item: Item }>()
  const open = ref(false)

  function ask(action: Action, item: Item): void {
    asking.value = { action, item }
    open.value = true
  }

  return { asking, open, ask }
}
