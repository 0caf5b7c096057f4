import type { VariableDraft } from './contents.ts'
import { nameProblem } from './variable-names.ts'

export interface PastedLine {
  /** 1-based. */
  line: number
  name: string
  value: string
  /** Why the line cannot be taken. */
  problem?: string
}

/** Names that usually hold something that should not be seen. */
export const looksSecret = (name: string): boolean =>
  /(?:PASS(?:WORD|WD|PHRASE)?|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|CREDENTIALS?)(?:_|$)/i.test(name)

const assignment = /^\s*(?:export\s+)?([^=\s#]+)\s*=(.*)$/s

/** Reads a pasted `.env`: comments and empty lines are left out, quoted values can go over several lines. */
export function readEnvText(text: string): PastedLine[] {
  const rows = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)
  const found: PastedLine[] = []
  for (let index = 0; index < rows.length; index++) {
    const line = index + 1
    let row = rows[index] ?? ''
    if (/^\s*(?:#|$)/.test(row)) continue
    const quote = /^[^=]*=\s*(["'])/.exec(row)?.[1]
    while (quote && !isClosed(row, quote) && index + 1 < rows.length) row += `\n${rows[++index]}`
    const [, name, rest] = assignment.exec(row) ?? []
    if (name === undefined || rest === undefined) found.push({ line, name: row.trim(), value: '', problem: 'is not NAME=value' })
    else found.push(read(line, name, rest.trim()))
  }
  return found
}

function read(line: number, name: string, text: string): PastedLine {
  const problem = nameProblem(name)
  return { line, name, value: valueOf(text), ...(problem === undefined ? {} : { problem }) }
}

const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t' }

function valueOf(text: string): string {
  const single = /^'([^']*)'/s.exec(text)
  if (single) return single[1] ?? ''
  const double = /^"((?:[^"\\]|\\.)*)"/s.exec(text)
  if (double) return (double[1] ?? '').replace(/\\([nrt"\\$])/g, (_, letter: string) => escapes[letter] ?? letter)
  return text.replace(/(?:^|\s)#.*$/s, '').trimEnd()
}

/** Whether a value's quotes end in this text. */
function isClosed(text: string, quote: string): boolean {
  const value = text.slice(text.indexOf(quote) + 1)
  return (quote === "'" ? /'/ : /^(?:[^"\\]|\\.)*"/s).test(value)
}

/** What a paste makes of the environment. Names that are there get the new value and stay secret if they were. */
export function withPasted(environment: VariableDraft[], pasted: PastedLine[], isSecret: (name: string) => boolean): VariableDraft[] {
  const byName = new Map(environment.map((variable) => [variable.name, variable]))
  for (const { name, value, problem } of pasted) {
    if (problem === undefined) byName.set(name, { name, value, secret: isSecret(name) || byName.get(name)?.secret === true })
  }
  return [...byName.values()]
}
