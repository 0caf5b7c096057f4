import type { AppValidation } from '../../graphql/items.ts'
import { composeFile } from './contents.ts'

/** A mark at a line of a text. */
export interface EditorMark {
  /** 1-based, like the column. */
  line: number
  column: number | null
  message: string
  severity: 'error' | 'warning'
}

type Place = AppValidation['problems'][number]

const isIn = (path: string, { file }: Place): boolean => (file ?? composeFile) === path

/** What a check found in one file, at its lines. */
export function marksIn(
  path: string,
  { problems, warnings, findings }: Pick<AppValidation, 'problems' | 'warnings' | 'findings'>,
): EditorMark[] {
  const at = (places: Place[], severity: EditorMark['severity']): EditorMark[] =>
    places.flatMap((place) => (place.line !== null && isIn(path, place) ? { ...place, line: place.line, severity } : []))
  const policy = findings.filter(({ allowed }) => !allowed)
  const atFindings = policy.map(({ message, line }): Place => ({ message, line, column: null, file: null, service: null }))
  return [...at(problems, 'error'), ...at(atFindings, 'error'), ...at(warnings, 'warning')]
}

/** The lines that a refusal mentions, such as `yaml: line 4: mapping values are not allowed`. */
export function marksInWords(message: string): EditorMark[] {
  return [...message.matchAll(/\bline (\d+)/gi)].map((match) => ({ line: Number(match[1]), column: null, message, severity: 'error' }))
}
