export interface TextPart {
  text: string
  /** Classes for its color and weight. */
  look: string
  found: boolean
}

const colors = [
  'text-neutral-500',
  'text-red-700 dark:text-red-400',
  'text-green-700 dark:text-green-400',
  'text-amber-700 dark:text-amber-400',
  'text-blue-700 dark:text-blue-400',
  'text-fuchsia-700 dark:text-fuchsia-400',
  'text-cyan-700 dark:text-cyan-400',
  '',
]

/** A color for each service, by its place among the names. */
export const serviceColor = (index: number): string => colors[[4, 2, 5, 3, 6, 1][index % 6] ?? 4] ?? ''

const sequences = /\u001b\[([\d;:]*)([@-~])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b./g
const unseen = /[\u0000-\u0008\u000b-\u001f\u007f]/g

/** Colors and bold stay, other escape sequences go. */
function colored(text: string): { text: string; look: string }[] {
  const parts: { text: string; look: string }[] = []
  let [color, bold, from] = ['', '', 0]
  const add = (to: number): void => {
    const plain = text.slice(from, to).replace(unseen, '')
    if (plain !== '') parts.push({ text: plain, look: `${color} ${bold}`.trim() })
  }
  for (const match of text.matchAll(sequences)) {
    add(match.index)
    from = match.index + match[0].length
    if (match[2] !== 'm') continue
    const codes = (match[1] ?? '').split(/[;:]/).map(Number)
    for (const [index, code] of codes.entries()) {
      // What follows is a color of a larger palette.
      if (code === 38 || code === 48) break
      if (code === 0) [color, bold] = ['', '']
      else if (code === 1) bold = 'font-bold'
      else if (code === 22) bold = ''
      else if (code === 39) color = ''
      else if (code >= 30 && code <= 37) color = colors[code - 30] ?? ''
      else if (code >= 90 && code <= 97) color = colors[code - 90] ?? ''
      if (index > 20) break
    }
  }
  add(text.length)
  return parts
}

/** The text of a line without its escape sequences. */
export const plainText = (text: string): string => text.replace(sequences, '').replace(unseen, '')

/** A line in parts that look alike. `search` in lower case. */
export function partsOf(text: string, search: string): TextPart[] {
  const parts = colored(text)
  if (search === '') return parts.map((part) => ({ ...part, found: false }))
  return parts.flatMap(({ text: whole, look }) => {
    const found: TextPart[] = []
    const lower = whole.toLowerCase()
    let from = 0
    for (let at = lower.indexOf(search); at !== -1; at = lower.indexOf(search, from)) {
      if (at > from) found.push({ text: whole.slice(from, at), look, found: false })
      from = at + search.length
      found.push({ text: whole.slice(at, from), look, found: true })
    }
    if (from < whole.length) found.push({ text: whole.slice(from), look, found: false })
    return found
  })
}
