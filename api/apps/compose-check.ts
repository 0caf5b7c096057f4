import type { ComposeVerdict } from '../docker/compose-remark.ts'
import { invalidInput } from '../errors.ts'
import { checkComposeContent } from './compose-file.ts'
import { placed, toFieldError, toProblem, type ComposeProblem } from './compose-problem.ts'

/**
 * Whether Compose takes a file: its own verdict, except for what `checkComposeContent` refuses before.
 *
 * @param ask has Compose read the file
 * @returns what is worth knowing of a file that is accepted
 * @throws INVALID_INPUT on field `composeContent`; whatever `ask` throws
 */
export async function checkCompose(content: string, ask: () => Promise<ComposeVerdict>): Promise<ComposeProblem[]> {
  const { refusals, doubts } = checkComposeContent(content)
  if (refusals.length > 0) throw invalidInput(refusals)
  const verdict = await ask().catch((error: unknown) => {
    throw doubts.length > 0 ? invalidInput(doubts) : error
  })
  const ours = doubts.map(toProblem)
  if (verdict.problems.length === 0) return [...ours, ...placed(content, verdict.warnings)]
  // Of one line, our words are the ones that say what would be right.
  const theirs = placed(content, verdict.problems).filter(({ line }) => line === null || !ours.some((problem) => problem.line === line))
  throw invalidInput([...ours, ...theirs].map(toFieldError))
}
