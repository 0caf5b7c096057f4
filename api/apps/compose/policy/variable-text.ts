/** What a variable is: a text, not set, or `unknown` when only Compose would know. */
export type Lookup = (name: string) => string | undefined | typeof unknown
export const unknown = Symbol('only Compose knows')

const escaped = /^\$\$/
const plain = /^\$([A-Za-z_]\w*)/
const braced = /^\$\{([A-Za-z_]\w*)(?:(:?[-+?])([^{}$]*))?\}/

/** Replaces variables as Compose does. Null for what cannot be known without it, such as defaults inside defaults. */
export function withVariables(text: string, lookup: Lookup): string | null {
  let [result, rest] = ['', text]
  for (;;) {
    const at = rest.indexOf('$')
    if (at < 0) return result + rest
    result += rest.slice(0, at)
    rest = rest.slice(at)
    const [whole = '', value] = readOne(rest, lookup)
    if (value === null) return null
    result += value
    rest = rest.slice(whole.length)
  }
}

function readOne(text: string, lookup: Lookup): [whole: string, value: string | null] {
  if (escaped.test(text)) return ['$$', '$']
  const [whole, name = '', operator = '', word = ''] = plain.exec(text) ?? braced.exec(text) ?? []
  if (whole === undefined) return ['', null]
  const value = lookup(name)
  if (value === unknown) return [whole, null]
  const isSet = operator.startsWith(':') ? Boolean(value) : value !== undefined
  if (operator.endsWith('-')) return [whole, isSet ? (value ?? '') : word]
  if (operator.endsWith('+')) return [whole, isSet ? word : '']
  return [whole, value ?? '']
}
