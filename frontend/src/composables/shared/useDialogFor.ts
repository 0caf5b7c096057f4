import { ref, shallowRef } from 'vue'

/** A dialog about a chosen item, or an action and its item. The subject stays set while the dialog closes. */
export function useDialogFor<Subject>() {
  const subject = shallowRef<Subject>()
  const open = ref(false)

  function openFor(chosen: Subject): void {
    subject.value = chosen
    open.value = true
  }

  return { subject, open, openFor }
}
