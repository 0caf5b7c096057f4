import { remarkOf, type ComposeRemark, type Saying, type SayingContext } from './compose-remark.ts'
import { referenceSayings, valueSayings } from './service-words.ts'
import { optionSayings, typeSayings } from './shape-words.ts'

/** YAML errors that only Compose's parser reports. */
const yamlSayings: Saying[] = [
  [/^yaml: (?:unmarshal errors: )?line (\d+): (.+)/, ([line = '', why = '']) => ({ message: why, line: Number(line) })],
  [/^yaml: (.+)/, ([why = '']) => ({ message: why })],
]

/** Each was seen in 1.29.2 or 2.26.1, or is in the source of a later version. tests/docker/faulty-files.test.ts runs both versions. */
const sayings: Saying[] = [...optionSayings, ...valueSayings, ...referenceSayings, ...typeSayings, ...yamlSayings]

/** Lines that only introduce others, or give general advice. */
const headings =
  /^(The Compose file .*is invalid because:|You might be seeing this error because|For more on the Compose file format|decoding failed due to|Traceback |\d+ errors? occurred:)/

/** Enough for a person to start fixing. */
const mostProblems = 20

/**
 * Why `config` refused a file, as one remark per problem.
 *
 * @param stderr without the lines that are warnings
 */
export function refusalRemarks(stderr: string[], context: SayingContext): ComposeRemark[] {
  const remarks = statements(stderr).map((text) => {
    const { text: words, file } = withoutFile(text)
    const remark = yamlFault(words) ?? remarkOf(words, sayings, context)
    return { ...remark, file: remark.file ?? file }
  })
  const unique = new Map(remarks.map((remark) => [remark.message, remark]))
  return [...unique.values()].slice(0, mostProblems)
}

/** Joins messages printed over several lines, and drops lines that say nothing. */
function statements(stderr: string[]): string[] {
  const lines = stderr.map((line) => line.trim().replace(/^(?:ERROR: |\* )/, '')).filter((line) => line !== '' && !headings.test(line))
  const stackAt = stderr.findIndex((line) => line.startsWith('Traceback '))
  if (stackAt >= 0) return [stderr.at(-1) ?? '']
  if (/^yaml\.\w+\.\w+: /.test(lines[0] ?? '') || /^(invalid interpolation format|yaml: unmarshal errors)/.test(lines[0] ?? '')) {
    return [lines.join(' ')]
  }
  return lines
}

/** Version 1 reports a YAML error over several lines, each with a place. The last place is where the error is. */
function yamlFault(text: string): ComposeRemark | null {
  const found = /^yaml\.\w+\.\w+: (.*)/.exec(text)?.[1]
  if (!found || /tag '!(reset|override)'/.test(found)) return null
  const place = [...found.matchAll(/in "([^"]*)", line (\d+), column (\d+)/g)].at(-1)
  const message = found
    .replaceAll(/ *in "[^"]*", line \d+, column \d+/g, ',')
    .replace(/[, ]+$/, '')
    .replace(/^while .*?,? (?=found|expected)/, '')
  const file = place?.[1] && isOther(place[1]) ? place[1] : null
  return { message, file, line: Number(place?.[2]) || null, column: Number(place?.[3]) || null, path: [], value: null }
}

/** Splits off the file name: "validating ./other.yaml: ..." is about another file, "validating ./compose.yaml: ..." about the app's own. */
function withoutFile(text: string): { text: string; file: string | null } {
  const found = /^validating (\S+): (.*)/.exec(text)
  const words = (found?.[2] ?? text).replace(/: invalid compose project$/, '')
  return { text: words, file: found?.[1] && isOther(found[1]) ? found[1] : null }
}

const isOther = (file: string): boolean => file.replace(/^\.\//, '') !== 'compose.yaml'
