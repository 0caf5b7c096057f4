import { bounds, cut } from '../../bounds.ts'

/** Placeholders in a name pattern. */
const placeholder = /\{(\w*)\}/g
const known = ['hostname', 'n']

/** Describes what is wrong with a pattern. Null for a valid one. */
export function patternProblem(pattern: string): string | null {
  const strange = [...pattern.matchAll(placeholder)].find(([, name = '']) => !known.includes(name))
  if (strange) return `contains the unknown placeholder ${strange[0]}. Use {hostname} and {n}, such as web-{n}`
  return /[{}]/.test(pattern.replace(placeholder, '')) ? 'contains an unmatched brace. Use {hostname} and {n}' : null
}

/**
 * The name for a joining node. `{hostname}` becomes the node's host name, `{n}` the lowest number from 1 that gives a free
 * name. A pattern without `{n}` gets `-2`, `-3` and so on if the name is taken.
 */
export function nameFor(pattern: string, hostname: string, taken: ReadonlySet<string>): string {
  const counts = pattern.includes('{n}')
  for (let n = 1; ; n += 1) {
    const suffix = counts || n === 1 ? '' : `-${n}`
    const around = pattern.replaceAll('{n}', String(n)).replaceAll('{hostname}', '').length + suffix.length
    // A name over the limit is cut in the host name.
    const host = cut(hostname, Math.max(1, Math.floor((bounds.nodeName - around) / Math.max(1, pattern.split('{hostname}').length - 1))))
    const candidate = pattern.replaceAll('{n}', String(n)).replaceAll('{hostname}', () => host) + suffix
    if (!taken.has(candidate)) return candidate
  }
}
