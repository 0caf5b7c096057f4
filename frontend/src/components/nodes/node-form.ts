import type { FormError } from '@nuxt/ui'

export interface NodeFormState {
  id: string
  name: string
  apiEndpoint: string
  apiKey: string
}

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:')
}

/** What can be said before the server is asked. */
export function nodeFormErrors(state: NodeFormState, mode: 'register' | 'edit'): FormError[] {
  const errors: FormError[] = []
  if (mode === 'register' && !state.id.trim()) errors.push({ name: 'id', message: 'Enter the id that the secondary prints' })
  if (!state.name.trim()) errors.push({ name: 'name', message: 'Enter a name' })
  if (!isHttpUrl(state.apiEndpoint.trim()))
    errors.push({ name: 'apiEndpoint', message: 'Enter a URL that begins with http:// or https://' })
  if (mode === 'register' && !state.apiKey.trim()) errors.push({ name: 'apiKey', message: 'Enter the key that the secondary prints' })
  return errors
}
