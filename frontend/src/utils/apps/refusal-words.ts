import type { Problem } from '../../graphql/problem.ts'
import { wordsForOnlyField } from '../shared/problem-words.ts'

const concerns = (problem: Problem, field: string): boolean => problem.fields.some((each) => each.field === field)

/** Whether a save was refused because of a file that was changed on disk. */
export const meetsFile = (problem: Problem | undefined): boolean => problem !== undefined && concerns(problem, 'overwriteFile')

/** Why saving an app was refused. Undefined if a notice on the page explains it better. */
export function refusalWords(problem: Problem | undefined, isOutdated: boolean): string | undefined {
  if (!problem) return undefined
  if (meetsFile(problem)) return 'Nothing was saved. A file was changed on disk. Look at the difference and choose which one to use.'
  return isOutdated && concerns(problem, 'ifVersion') ? undefined : wordsForOnlyField(problem, 'composeContent')
}
