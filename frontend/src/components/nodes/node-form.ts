import type { FormError } from '@nuxt/ui'
import type { RegisterNodeInput, UpdateNodeInput } from '../../graphql/generated/graphql.ts'
import type { NodeItem } from '../../graphql/items.ts'
import { labelsProblem, labelText, toLabel } from '../../utils/shared/labels.ts'
import { isHttpUrl } from '../../utils/shared/urls.ts'

export interface NodeFormState {
  id: string
  name: string
  apiEndpoint: string
  apiKey: string
  /** As people write them: `env=lab`. */
  labels: string[]
}

export const nodeFormStart = (node: NodeItem | undefined): NodeFormState => ({
  id: node?.id ?? '',
  name: node?.name ?? '',
  apiEndpoint: node?.apiEndpoint ?? '',
  apiKey: '',
  labels: node?.labels.map(labelText) ?? [],
})

export const toRegisterInput = ({ id, name, apiEndpoint, apiKey, labels }: NodeFormState): RegisterNodeInput => ({
  id: id.trim(),
  name: name.trim(),
  apiEndpoint: apiEndpoint.trim(),
  apiKey: apiKey.trim(),
  labels: labels.map(toLabel),
})

/** Only what was changed. A blank key keeps the current one. */
export function toUpdateInput(state: NodeFormState, node: NodeItem): UpdateNodeInput {
  const before = nodeFormStart(node)
  const { name, apiEndpoint, apiKey, labels } = toRegisterInput(state)
  return {
    ...(name === before.name ? {} : { name }),
    ...(apiEndpoint === before.apiEndpoint ? {} : { apiEndpoint }),
    ...(apiKey === '' ? {} : { apiKey }),
    ...(state.labels.join() === before.labels.join() ? {} : { labels }),
  }
}

/** What can be checked without the server. */
export function nodeFormErrors(state: NodeFormState, mode: 'register' | 'edit'): FormError[] {
  const errors: FormError[] = []
  if (mode === 'register' && !state.id.trim()) errors.push({ name: 'id', message: 'Enter the ID that the secondary prints' })
  if (!state.name.trim()) errors.push({ name: 'name', message: 'Enter a name' })
  if (!isHttpUrl(state.apiEndpoint.trim()))
    errors.push({ name: 'apiEndpoint', message: 'Enter a URL that starts with http:// or https://' })
  if (mode === 'register' && !state.apiKey.trim()) errors.push({ name: 'apiKey', message: 'Enter the key that the secondary prints' })
  const labels = labelsProblem(state.labels)
  if (labels) errors.push({ name: 'labels', message: labels })
  return errors
}
