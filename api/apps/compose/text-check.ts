import { checkComposeContent } from '../compose-file.ts'
import { toProblem, type ComposeProblem } from '../compose-problem.ts'
import { parseYaml, type YamlDocument } from '../yaml-document.ts'
import { readDocument, type DraftDocument } from './draft-document.ts'
import type { Fault } from './fault.ts'
import { projectFaults } from './project-faults.ts'
import { schemaFaults } from './schema-check.ts'

/** What can be known about a Compose file without asking Compose. */
export interface TextCheck {
  /** The file cannot be read, or runs nothing. There is no point in asking Compose. */
  refusals: ComposeProblem[]
  /** Docker refuses these at the latest when the app starts. */
  problems: ComposeProblem[]
  /** Problems if Compose refuses the file, else warnings. Ours say how to fix what Compose only refuses. */
  doubts: ComposeProblem[]
  /** Likewise, but Compose's own words are as good. */
  suspicions: ComposeProblem[]
  /** Null with refusals. */
  document: DraftDocument | null
  yaml: YamlDocument | null
}

/** Nobody reads more at once. */
const mostFaults = 50

export async function checkText(content: string): Promise<TextCheck> {
  let yaml: YamlDocument | null = null
  const { refusals, doubts } = checkComposeContent(content, (text) => (yaml = parseYaml(text)))
  if (refusals.length > 0 || !yaml) {
    return { refusals: [...refusals, ...doubts].map(toProblem), problems: [], doubts: [], suspicions: [], document: null, yaml: null }
  }
  const document = readDocument(yaml)
  const faults = [...projectFaults(document.model), ...(await schemaFaults(document, mostFaults))].slice(0, mostFaults)
  const placed = faults.map((fault): [Fault, ComposeProblem] => [fault, placeFault(fault, document)])
  return {
    refusals: [],
    problems: withoutRepeats(placed.flatMap(([{ isCertain }, problem]) => (isCertain ? problem : []))),
    doubts: doubts.map(toProblem),
    suspicions: withoutRepeats(placed.flatMap(([{ isCertain }, problem]) => (isCertain ? [] : problem))),
    document,
    yaml,
  }
}

export const placeFault = ({ path, message }: Fault, { placeOf }: DraftDocument): ComposeProblem => ({
  ...{ message, file: null },
  ...placeOf(path),
  service: path[0] === 'services' && path.length > 1 ? String(path[1]) : null,
})

const withoutRepeats = (problems: ComposeProblem[]): ComposeProblem[] => [
  ...new Map(problems.map((problem) => [`${problem.line} ${problem.message}`, problem])).values(),
]
