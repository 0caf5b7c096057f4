import type { FormError } from '@nuxt/ui'
import type { CreateJoinTokenInput } from '../../graphql/generated/graphql.ts'
import { labelsProblem, toLabel } from '../../utils/shared/labels.ts'
import { isHttpUrl } from '../../utils/shared/urls.ts'

export interface JoinFormState {
  primaryUrl: string
  maxUses: number
  expiresInHours: number
  name: string
  namePattern: string
  /** As people write them: `env=lab`. */
  labels: string[]
}

/** Works without changes: one server, one day. */
export const joinFormStart = (origin: string): JoinFormState => ({
  primaryUrl: origin,
  maxUses: 1,
  expiresInHours: 24,
  name: '',
  namePattern: '',
  labels: [],
})

export const terms = [
  { value: 1, label: '1 hour' },
  { value: 24, label: '1 day' },
  { value: 168, label: '7 days' },
  { value: 720, label: '30 days' },
  { value: 8760, label: '1 year' },
]

/** A default token name that is not taken. */
export function freeName(taken: string[]): string {
  for (let n = 1; ; n++) {
    const name = n === 1 ? 'new nodes' : `new nodes ${n}`
    if (!taken.includes(name)) return name
  }
}

/** @param unnamed the name if none is given */
export const toCreateInput = (state: JoinFormState, unnamed: string): CreateJoinTokenInput => ({
  name: state.name.trim() || unnamed,
  namePattern: state.namePattern.trim() || undefined,
  labels: state.labels.map(toLabel),
  maxUses: state.maxUses,
  expiresInHours: state.expiresInHours,
  primaryUrl: state.primaryUrl.trim(),
})

/** What can be checked without the server. */
export function joinFormErrors(state: JoinFormState): FormError[] {
  const errors: FormError[] = []
  if (!isHttpUrl(state.primaryUrl.trim())) errors.push({ name: 'primaryUrl', message: 'Enter a URL that starts with http:// or https://' })
  if (!Number.isInteger(state.maxUses) || state.maxUses < 1 || state.maxUses > 1000)
    errors.push({ name: 'maxUses', message: 'Enter a whole number from 1 to 1000' })
  const labels = labelsProblem(state.labels)
  if (labels) errors.push({ name: 'labels', message: labels })
  return errors
}
