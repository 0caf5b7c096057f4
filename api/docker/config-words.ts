import { remarkOf, type ComposeRemark, type Saying, type SayingContext } from './compose-remark.ts'
import { referenceSayings, valueSayings } from './reference-words.ts'
import { optionSayings, typeSayings } from './shape-words.ts'

/** YAML that Compose reads otherwise than we do. */
const yamlSayings: Saying[] = [
  [/^yaml: (?:unmarshal errors: )?line (\d+): (.+)/, ([line = '', why = '']) => ({ message: why, line: Number(line) })],
  [/^yaml: (.+)/, ([why = '']) => ({ message: why })],
]

/** Each was met with 1.29.2 and 2.26.1, or is in the source of a later version; tests/docker/config-words.test.ts runs both. */
const sayings: Saying[] = [...optionSayings, ...valueSayings, ...referenceSayings, ...typeSayings, ...yamlSayings]

/** Lines that only introduce, or advise for a file that is not ours. */
const headings =
  /^(The Compose file .*is invalid because:|You might be seeing this error because|For more on the Compose file format|decoding failed due to|Traceback |\d+ errors? occurred:)/

/** Enough for a person to begin with; each has to be mended anyway. */
const mostProblems = 20

/** Why `config` refused a file: the lines of stderr that are no warnings, each a sentence of its own. */
export function refusalRemarks(stderr: string[], context: SayingContext): ComposeRemark[] {
  const remarks = statements(stderr).map((text) => {
    const { text: words, file } = withoutFile(text)
    const remark = yamlFault(words) ?? remarkOf(words, sayings, context)
    return { ...remark, file: remark.file ?? file }
  })
  const unique = new Map(remarks.map((remark) => [remark.message, remark]))
  return [...unique.values()].slice(0, mostProblems)
}

/** Puts together what was printed on several lines, and leaves out what says nothing. */
function statements(stderr: string[]): string[] {
  const lines = stderr.map((line) => line.trim().replace(/^(?:ERROR: |\* )/, '')).filter((line) => line !== '' && !headings.test(line))
  const stackAt = stderr.findIndex((line) => line.startsWith('Traceback '))
  if (stackAt >= 0) return [stderr.at(-1) ?? '']
  if (/^yaml\.\w+\.\w+: /.test(lines[0] ?? '') || /^(invalid interpolation format|yaml: unmarshal errors)/.test(lines[0] ?? '')) {
    return [lines.join(' ')]
  }
  return lines
}

/** Version 1 says a fault of YAML on several lines, each with its place; the last place is where it met it. */
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

/** "validating ./other.yaml: ..." is of another file, "validating ./compose.yaml: ..." of the app's own. */
function withoutFile(text: string): { text: string; file: string | null } {
  const found = /^validating (\S+): (.*)/.exec(text)
  const words = (found?.[2] ?? text).replace(/: invalid compose project$/, '')
  return { text: words, file: found?.[1] && isOther(found[1]) ? found[1] : null }
}

const isOther = (file: string): boolean => file.replace(/^\.\//, '') !== 'compose.yaml'
