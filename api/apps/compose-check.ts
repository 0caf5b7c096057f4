import type { ComposeVerdict } from '../docker/compose-remark.ts'
import { invalidInput } from '../errors.ts'
import { checkComposeContent } from './compose-file.ts'
import { placed, toFieldError, toProblem, type ComposeProblem } from './compose-problem.ts'

/**
 * Checks whether Compose accepts a file. Compose decides, except for what `checkComposeContent` already refuses.
 *
 * @param ask lets Compose read the file
 * @returns warnings about an accepted file
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
  // When both have a problem on the same line, ours says how to fix it.
  const theirs = placed(content, verdict.problems).filter(({ line }) => line === null || !ours.some((problem) => problem.line === line))
  throw invalidInput([...ours, ...theirs].map(toFieldError))
}
