import { isReference, templateParts, type Reference } from './template.ts'

/** One line that cannot be read, or that may mean something else than it says. Lines count from 1. */
export interface EnvRemark {
  line: number
  message: string
}

export interface EnvText {
  /** In the order of the text. Of a name that is there twice, the last value, as Compose has it. */
  variables: { name: string; value: string; line: number }[]
  /** Lines that are not understood. */
  problems: EnvRemark[]
  /** Lines that are understood, but perhaps not as they were meant. */
  doubts: EnvRemark[]
}

/** Where the reading of a text has got to. */
interface Cursor {
  text: string
  at: number
  line: number
}

/**
 * Reads the text of a `.env` file the way Compose 2 does: `NAME=value` or `NAME: value`, an optional `export`, comments, values in
 * single quotes (as they are) and in double quotes (with `\n` and the like), over several lines too, `${NAME}` outside of single
 * quotes. Compose 1 differs in three things: it expands `${NAME}` in single quotes, leaves `$NAME` alone, and halves backslashes in
 * single quotes.
 *
 * Unlike Compose, it does not guess: text behind a closing quote is a problem, not another variable.
 *
 * @param known values that `${NAME}` may refer to besides those above it in the text
 */
export function readEnvText(text: string, known: ReadonlyMap<string, string> = new Map()): EnvText {
  const cursor: Cursor = { text: text.replace(/^\uFEFF/, '').replace(/\r(?!\n)/g, '\n'), at: 0, line: 1 }
  const values = new Map<string, { value: string; line: number }>()
  const result: EnvText = { variables: [], problems: [], doubts: [] }
  while (toStatement(cursor)) {
    const { line } = cursor
    const say = (message: string): void => void result.problems.push({ line, message })
    const doubt = (message: string): void => void result.doubts.push({ line, message })
    const name = readName(cursor, say, doubt)
    if (name === null) continue
    const value = readValue(cursor, { lookup: (wanted) => values.get(wanted)?.value ?? known.get(wanted), say, doubt })
    if (value === null) continue
    if (values.has(name)) doubt(`${name} is there twice. The last value counts`)
    values.set(name, { value, line })
  }
  result.variables = [...values].map(([name, { value, line: at }]) => ({ name, value, line: at }))
  return result
}

/** Skips empty lines and comments. */
function toStatement(cursor: Cursor): boolean {
  while (cursor.at < cursor.text.length) {
    const skipped = /^(?:\s+|#[^\n]*)/.exec(cursor.text.slice(cursor.at, endOfLine(cursor) + 1))?.[0]
    if (skipped === undefined) return true
    forward(cursor, skipped.length)
  }
  return false
}

const endOfLine = ({ text, at }: Cursor): number => {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end
}

function forward(cursor: Cursor, length: number): void {
  const end = Math.min(cursor.at + length, cursor.text.length)
  for (let at = cursor.at; at < end; at++) if (cursor.text[at] === '\n') cursor.line++
  cursor.at = end
}

/** Reads up to the value; null when the line has none, and then goes on behind the line. */
function readName(cursor: Cursor, say: (message: string) => void, doubt: (message: string) => void): string | null {
  const rest = cursor.text.slice(cursor.at, endOfLine(cursor))
  const [start = '', name = ''] = /^(?:export[^\S\n]+)?([\p{L}\p{N}_.[\]-]+)[^\S\n]*[=:][^\S\n]*/u.exec(rest) ?? []
  if (name !== '') {
    forward(cursor, start.length)
    return name
  }
  const alone = /^(?:export\s+)?([A-Za-z_][\w.-]*)\s*$/.exec(rest)?.[1]
  if (alone !== undefined) doubt(`${alone} has no value here and is left out. Write ${alone}= for an empty one`)
  else say('is not NAME=value')
  forward(cursor, rest.length + 1)
  return null
}

interface Reading {
  lookup: (name: string) => string | undefined
  say: (message: string) => void
  doubt: (message: string) => void
}

function readValue(cursor: Cursor, reading: Reading): string | null {
  const quote = cursor.text[cursor.at]
  if (quote === "'" || quote === '"') return readQuoted(cursor, quote, reading)
  const rest = cursor.text.slice(cursor.at, endOfLine(cursor))
  forward(cursor, rest.length + 1)
  const value = (/^(.*?)(?: #.*)?$/s.exec(rest)?.[1] ?? '').trimEnd()
  if (value.startsWith('#')) reading.doubt('the value starts with #, so it is not a comment. For an empty value, leave out the comment')
  return expanded(value, reading)
}

function readQuoted(cursor: Cursor, quote: string, reading: Reading): string | null {
  const { text, at } = cursor
  let end = at + 1
  while (end < text.length && text[end] !== quote) end += text[end] === '\\' ? 2 : 1
  if (end >= text.length) {
    reading.say(`the value starts with ${quote} and has no closing ${quote}`)
    // The rest of the text may be anything, so only this line is given up.
    forward(cursor, endOfLine(cursor) - at + 1)
    return null
  }
  const inside = text.slice(at + 1, end)
  forward(cursor, end + 1 - at)
  const rest = text.slice(cursor.at, endOfLine(cursor))
  forward(cursor, rest.length + 1)
  if (!/^\s*(?:#[^\n]*)?$/.test(rest)) {
    reading.say(`there is text behind the closing ${quote}. Inside of the quotes, write ${quote} as \\${quote}`)
    return null
  }
  if (quote === "'") return inside.replaceAll("\\'", "'")
  return expanded(inside, reading, unescaped)
}

const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b', f: '\f', v: '\v', '"': '"', '\\': '\\' }

/** Text in double quotes. What is no escape keeps its backslash. */
const unescaped = (text: string): string =>
  text.replace(/\\(?:0([0-7]{0,3})|([^]))/g, (whole, octal: string | undefined, char: string) =>
    octal === undefined ? (escapes[char] ?? whole) : String.fromCharCode(Number.parseInt(`0${octal}`, 8)),
  )

/** A value with its references replaced; null after saying which one is wrong. */
function expanded(text: string, reading: Reading, unescape: (text: string) => string = (plain) => plain): string | null {
  // `\$` is a dollar sign in double quotes only.
  const ready = unescape === unescaped ? unescape(text.replace(/\\([^])/g, (whole, char) => (char === '$' ? '$$' : whole))) : text
  let isRead = true
  const value = templateParts(ready)
    .map((part) => {
      if (typeof part === 'string') return part
      if (!isReference(part)) {
        // A lone `$` stays as it is, as in Compose.
        if (!part.invalid.startsWith('${')) return '$'
        reading.say(`${part.invalid.slice(0, 40)} is not a variable. Write $$ for a dollar sign, or put the value in single quotes`)
        isRead = false
        return ''
      }
      return resolved(part, reading)
    })
    .join('')
  return isRead ? value : null
}

function resolved({ name, operator, word }: Reference, reading: Reading): string {
  const found = reading.lookup(name)
  const isThere = operator.startsWith(':') ? Boolean(found) : found !== undefined
  const words = (): string => expanded(word, reading) ?? ''
  if (operator.endsWith('-')) return isThere ? (found ?? '') : words()
  if (operator.endsWith('+')) return isThere ? words() : ''
  if (!isThere) reading.doubt(`${name} is not set above, so nothing is put in its place. For a dollar sign, use single quotes`)
  return found ?? ''
}
