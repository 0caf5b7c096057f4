import { readEnvText as readAsCompose } from '../../../../api/apps/environment/env-text.ts'
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

export interface PastedText {
  lines: PastedLine[]
  /** Lines that are understood, but perhaps not as they were meant. */
  doubts: { line: number; message: string }[]
}

/** Reads a pasted `.env` as the server reads one that is on disk: the way Compose does. */
export function readEnvText(text: string): PastedText {
  const { variables, problems, doubts } = readAsCompose(text)
  const rows = text.split(/\r\n|\n|\r/)
  const taken = variables.map(({ line, name, value }) => {
    const problem = nameProblem(name)
    return { line, name, value, ...(problem === undefined ? {} : { problem }) }
  })
  const left = problems.map(({ line, message }) => ({ line, name: (rows[line - 1] ?? '').trim(), value: '', problem: message }))
  return { lines: [...taken, ...left].sort((one, other) => one.line - other.line), doubts }
}

/** What a paste makes of the environment. Names that are there get the new value and stay secret if they were. */
export function withPasted(environment: VariableDraft[], pasted: PastedLine[], isSecret: (name: string) => boolean): VariableDraft[] {
  const byName = new Map(environment.map((variable) => [variable.name, variable]))
  for (const { name, value, problem } of pasted) {
    if (problem === undefined) byName.set(name, { name, value, secret: isSecret(name) || byName.get(name)?.secret === true })
  }
  return [...byName.values()]
}
