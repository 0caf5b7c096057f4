import type { ComposeVerdict } from '../docker/compose-remark.ts'
import { invalidInput } from '../errors.ts'
import type { DraftDocument } from './compose/draft-document.ts'
import type { Fault } from './compose/fault.ts'
import type { NodeFacts } from './compose/node-facts.ts'
import { checkText, placeFault, type TextCheck } from './compose/text-check.ts'
import { placed, toFieldError, type ComposeProblem } from './compose-problem.ts'

/** What is wrong with a Compose file, and what is worth knowing about one that is accepted. */
export interface Judgement {
  problems: ComposeProblem[]
  warnings: ComposeProblem[]
}

/**
 * Checks whether Compose accepts a file. Compose decides, except for what `checkText` knows better.
 *
 * @param ask lets Compose read the file
 * @param more what is missing on the node, and what to warn of besides
 * @returns warnings about an accepted file
 * @throws INVALID_INPUT on field `composeContent`; whatever `ask` and `more` throw
 */
export async function checkCompose(
  content: string,
  ask: () => Promise<ComposeVerdict>,
  more?: Pick<NodeFacts, 'missing'> & { unused: (model: DraftDocument['model']) => Fault[] },
): Promise<ComposeProblem[]> {
  const text = await checkText(content)
  const { problems, warnings } = await judgeCompose(content, text, ask).catch((error: unknown) => {
    const known = [...text.problems, ...text.doubts]
    throw known.length > 0 ? refused(known) : error
  })
  const { document } = text
  const place = (faults: Fault[]) => (document ? faults.map((fault) => placeFault(fault, document)) : [])
  const missing = document && more ? await more.missing(document.model) : []
  const all = [...problems, ...place(missing)]
  if (all.length > 0) throw refused(all)
  return [...place(document && more ? more.unused(document.model) : []), ...warnings]
}

const refused = (problems: ComposeProblem[]) => invalidInput(problems.map(toFieldError))

/** The same for a file that was looked at already, without refusing it. @throws whatever `ask` throws */
export async function judgeCompose(content: string, text: TextCheck, ask: () => Promise<ComposeVerdict>): Promise<Judgement> {
  if (text.refusals.length > 0) return { problems: text.refusals, warnings: [] }
  const verdict = await ask()
  const yaml = text.yaml ?? undefined
  const warnings = placed(content, verdict.warnings, yaml)
  if (verdict.problems.length === 0) return { problems: text.problems, warnings: [...text.doubts, ...text.suspicions, ...warnings] }
  // When both have a problem in the same place, ours says how to fix it. What we only suspect, Compose says as well.
  const ours = [...text.doubts, ...text.problems]
  const theirs = placed(content, verdict.problems, yaml).filter((problem) => !ours.some((each) => isSame(each, problem)))
  return { problems: [...ours, ...theirs, ...text.suspicions.filter((each) => !theirs.some((problem) => isSame(each, problem)))], warnings }
}

/** On the same line, or in the same words somewhere else in the service. */
const isSame = (ours: ComposeProblem, theirs: ComposeProblem): boolean =>
  (theirs.file === null && theirs.line !== null && ours.line === theirs.line) ||
  (ours.service === theirs.service && theirs.message !== '' && ours.message.startsWith(theirs.message))
