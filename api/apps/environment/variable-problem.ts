import { steeredBy } from '../../steering-names.ts'

/** Why an app cannot have a variable of this name; null if it can. Written to follow the name. */
export function problemOfName(name: string): string | null {
  if (name === '') return 'has no name'
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return 'is not a name: use letters (a-z), digits and "_", not starting with a digit'
  const steered = steeredBy(name)
  if (steered === null) return null
  return `steers ${steered}, so an app cannot set it. Use another name, such as APP_${name.toUpperCase()}, and in the Compose file ${name}: \${APP_${name.toUpperCase()}}`
}

/** Why a process cannot have this value in its environment; null if it can. */
export function problemOfValue(value: string): string | null {
  if (value.includes('\0')) return 'has a NUL character in its value, which no environment can hold'
  return value.isWellFormed() ? null : 'has half a character in its value (a lone surrogate), which no environment can hold'
}
