import { bounds, cut } from '../bounds.ts'

/** What a name pattern may hold beside plain text. */
const placeholder = /\{(\w*)\}/g
const known = ['hostname', 'n']

/** What is wrong with a pattern, in words; null when nothing is. */
export function patternProblem(pattern: string): string | null {
  const strange = [...pattern.matchAll(placeholder)].find(([, name = '']) => !known.includes(name))
  if (strange) return `has ${strange[0]}, which nothing stands for. There are {hostname} and {n}, such as web-{n}`
  return /[{}]/.test(pattern.replace(placeholder, '')) ? 'has a brace without its counterpart. There are {hostname} and {n}' : null
}

/**
 * The name of a joining node. `{hostname}` is what the node calls itself, `{n}` the lowest number from 1 whose name is free.
 * A pattern without `{n}` gets `-2`, `-3` and so on where its name is taken.
 */
export function nameFor(pattern: string, hostname: string, taken: ReadonlySet<string>): string {
  const counts = pattern.includes('{n}')
  for (let n = 1; ; n += 1) {
    const suffix = counts || n === 1 ? '' : `-${n}`
    const around = pattern.replaceAll('{n}', String(n)).replaceAll('{hostname}', '').length + suffix.length
    // A name that is longer than a node's may be gives way at the host's.
    const host = cut(hostname, Math.max(1, Math.floor((bounds.nodeName - around) / Math.max(1, pattern.split('{hostname}').length - 1))))
    const candidate = pattern.replaceAll('{n}', String(n)).replaceAll('{hostname}', () => host) + suffix
    if (!taken.has(candidate)) return candidate
  }
}
