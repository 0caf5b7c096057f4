/** `${NAME:-word}` in parts: what stands between the name and the word, and the word as written. */
export interface Reference {
  name: string
  /** Empty for `$NAME` and `${NAME}`. */
  operator: '' | ':-' | '-' | ':?' | '?' | ':+' | '+'
  word: string
}

/** A piece of a text in Compose's syntax for variables. `invalid` is a `$` that starts nothing Compose knows. */
export type TemplatePart = string | Reference | { invalid: string }

const namePattern = /[A-Za-z_][A-Za-z0-9_]*/y
const bracedPattern = /^([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?+])([^]*))?$/

/**
 * Splits a text at its variables. `$$` is a dollar sign. A word may hold further references, which Compose 2 resolves and Compose 1
 * does not; `:+` and `+` are Compose 2's as well.
 */
export function templateParts(text: string): TemplatePart[] {
  const parts: TemplatePart[] = []
  let plain = ''
  const take = (part: TemplatePart): void => {
    if (plain !== '') parts.push(plain)
    plain = ''
    parts.push(part)
  }
  let at = 0
  while (at < text.length) {
    const dollar = text.indexOf('$', at)
    if (dollar < 0) break
    plain += text.slice(at, dollar)
    const { part, end } = partAt(text, dollar)
    if (typeof part === 'string') plain += part
    else take(part)
    at = end
  }
  plain += text.slice(at)
  return plain === '' ? parts : [...parts, plain]
}

function partAt(text: string, dollar: number): { part: TemplatePart; end: number } {
  const next = text[dollar + 1]
  if (next === '$') return { part: '$', end: dollar + 2 }
  if (next !== '{') {
    namePattern.lastIndex = dollar + 1
    const name = namePattern.exec(text)?.[0]
    if (name === undefined) return { part: { invalid: text.slice(dollar, dollar + 2) }, end: dollar + 1 }
    return { part: { name, operator: '', word: '' }, end: dollar + 1 + name.length }
  }
  const close = closingBrace(text, dollar + 2)
  const [, name, operator = '', word = ''] = bracedPattern.exec(text.slice(dollar + 2, Math.max(close, dollar + 2))) ?? []
  if (close < 0 || name === undefined) return { part: { invalid: text.slice(dollar, close < 0 ? undefined : close + 1) }, end: dollar + 2 }
  return { part: { name, operator: operator as Reference['operator'], word }, end: close + 1 }
}

/** Braces count only after a `$`: in `${A:-{"b":1}}` the first one closes. */
function closingBrace(text: string, from: number): number {
  let depth = 1
  for (let at = from; at < text.length; at++) {
    if (text[at] === '$' && text[at + 1] === '{') {
      depth++
      at++
    } else if (text[at] === '}' && --depth === 0) return at
  }
  return -1
}

export const isReference = (part: TemplatePart): part is Reference => typeof part === 'object' && 'name' in part

/** Every reference in a text, those inside of words included. */
export function referencesIn(text: string): Reference[] {
  if (!text.includes('$')) return []
  return templateParts(text).flatMap((part) => (isReference(part) ? [part, ...referencesIn(part.word)] : []))
}
