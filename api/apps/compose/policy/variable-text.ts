import { isReference, templateParts, type Reference } from '../../environment/template.ts'

/** What a variable is: a text, not set, or `unknown` when only Compose would know. */
export type Lookup = (name: string) => string | undefined | typeof unknown
export const unknown = Symbol('only Compose knows')

/** Replaces variables as both Composes do. Null for what they read differently or only they know, such as defaults inside defaults. */
export function withVariables(text: string, lookup: Lookup): string | null {
  const parts = templateParts(text).map((part) => (typeof part === 'string' ? part : isReference(part) ? valueOf(part, lookup) : null))
  return parts.includes(null) ? null : parts.join('')
}

function valueOf({ name, operator, word }: Reference, lookup: Lookup): string | null {
  const value = lookup(name)
  if (value === unknown || word.includes('$')) return null
  const isSet = operator.startsWith(':') ? Boolean(value) : value !== undefined
  if (operator.endsWith('-')) return isSet ? (value ?? '') : word
  if (operator.endsWith('+')) return isSet ? word : ''
  return value ?? ''
}
