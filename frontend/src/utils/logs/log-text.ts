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

/** Where each color begins, in degrees of hue, and which of `colors` it is. */
const hues = [
  [345, 1],
  [260, 5],
  [200, 4],
  [165, 6],
  [70, 2],
  [15, 3],
  [0, 1],
] as const

/** The one of our colors that is most like it, because those can be read in both themes. Each from 0 to 255. */
function nearest(red: number, green: number, blue: number): string {
  const [high, low] = [Math.max(red, green, blue), Math.min(red, green, blue)]
  const spread = high - low
  if (spread < 40) return high > 190 ? '' : (colors[0] ?? '')
  const sixth = high === red ? (green - blue) / spread : high === green ? (blue - red) / spread + 2 : (red - green) / spread + 4
  const hue = (sixth * 60 + 360) % 360
  return colors[hues.find(([from]) => hue >= from)?.[1] ?? 1] ?? ''
}

/** One of the 256 colors of terminals: 16 named ones, a cube of 6 by 6 by 6, and greys. */
function ofPalette(index: number): string {
  if (index < 16) return colors[index % 8] ?? ''
  if (index > 231) return nearest(8 + (index - 232) * 10, 8 + (index - 232) * 10, 8 + (index - 232) * 10)
  const part = (divisor: number): number => (Math.floor((index - 16) / divisor) % 6) * 51
  return nearest(part(36), part(6), part(1))
}

/** More than any program writes in one sequence. */
const mostCodes = 20

const sequences = /\u001b\[([\d;:]*)([@-~])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b./g
const unseen = /[\u0000-\u0008\u000b-\u001f\u007f]/g

interface Look {
  color: string
  bold: string
}

/** Applies one sequence of the kind that ends with m. Backgrounds are left out: not every text could be read on them in both themes. */
function applied(codes: number[], { color, bold }: Look): Look {
  for (let at = 0; at < Math.min(codes.length, mostCodes); at += 1) {
    const code = codes[at] ?? 0
    if (code === 0) [color, bold] = ['', '']
    else if (code === 1) bold = 'font-bold'
    else if (code === 22) bold = ''
    else if (code === 39) color = ''
    else if (code >= 30 && code <= 37) color = colors[code - 30] ?? ''
    else if (code >= 90 && code <= 97) color = colors[code - 90] ?? ''
    else if (code === 38 || code === 48) {
      const isPalette = codes[at + 1] === 5
      const [red = 0, green = 0, blue = 0] = codes.slice(at + 2, at + 5)
      if (code === 38) color = isPalette ? ofPalette(red) : nearest(red, green, blue)
      at += isPalette ? 2 : 4
    }
  }
  return { color, bold }
}

/** Colors and bold stay, other escape sequences go. */
function colored(text: string): { text: string; look: string }[] {
  const parts: { text: string; look: string }[] = []
  let look: Look = { color: '', bold: '' }
  let from = 0
  const add = (to: number): void => {
    const plain = text.slice(from, to).replace(unseen, '')
    if (plain !== '') parts.push({ text: plain, look: `${look.color} ${look.bold}`.trim() })
  }
  for (const match of text.matchAll(sequences)) {
    add(match.index)
    from = match.index + match[0].length
    if (match[2] === 'm') look = applied((match[1] ?? '').split(/[;:]/).map(Number), look)
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
  const cuts = foundIn(parts.map((part) => part.text).join(''), search)
  let start = 0
  return parts.flatMap(({ text: whole, look }) => {
    const from = start
    start += whole.length
    const places = [from, ...new Set(cuts.filter((cut) => cut > from && cut < start)), start]
    return places.slice(1).map((to, index) => {
      const at = places[index] ?? from
      return { text: whole.slice(at - from, to - from), look, found: cuts.filter((cut) => cut <= at).length % 2 === 1 }
    })
  })
}

/** Where each place with the text begins and ends, in turns. A color may change within one. */
function foundIn(text: string, search: string): number[] {
  const lower = text.toLowerCase()
  const cuts: number[] = []
  for (let at = lower.indexOf(search); at !== -1; at = lower.indexOf(search, at + search.length)) cuts.push(at, at + search.length)
  return cuts
}

/** When the line of this position was written, from a link; undefined if it is no position. */
export function timeOfPosition(position: string | undefined): Date | undefined {
  const time = new Date(Date.parse(`${position?.split('/')[2]?.slice(0, 23)}Z`))
  return Number.isNaN(time.getTime()) ? undefined : time
}
