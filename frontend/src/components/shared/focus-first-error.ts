import type { FormErrorEvent } from '@nuxt/ui'

/** Puts the cursor into the first field that a form refuses, so that keyboards and screen readers find it. */
export function focusFirstError({ errors }: FormErrorEvent): void {
  const id = errors.find(({ id }) => id !== undefined)?.id
  if (id === undefined) return
  // While a form is submitted, its fields are disabled. They are ready when the browser draws next.
  requestAnimationFrame(() => document.getElementById(id)?.focus())
}
