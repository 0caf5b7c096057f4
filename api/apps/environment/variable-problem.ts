import { bounds } from '../../bounds.ts'
import { steeredBy } from '../../steering-names.ts'

const most = bounds.app

/** Why an app cannot have a variable of this name; null if it can. Written to follow the name. */
export function problemOfName(name: string): string | null {
  if (name === '') return 'has no name'
  if (name.length > most.variableName) return `has a name of ${name.length} characters. The maximum is ${most.variableName}`
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

/** Why an app cannot have so many or so large variables; null if it can. One process has to hold them all. */
export function problemOfSize(environment: readonly { name: string; value: string }[]): string | null {
  if (environment.length > most.variables) return `has more than ${most.variables} variables, which is the maximum`
  const bytes = environment.reduce((sum, { name, value }) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0)
  return bytes > most.environmentBytes ? `has ${Math.ceil(bytes / 1024)} KiB. The maximum is ${most.environmentBytes / 1024} KiB` : null
}
