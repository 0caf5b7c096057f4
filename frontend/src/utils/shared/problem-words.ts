import type { Problem } from '../../graphql/problem.ts'
import { fieldSentences } from './field-sentence.ts'

/** What is wrong, for a form with only this field, whose name people need not read. */
export const wordsForOnlyField = (problem: Problem, field: string): string =>
  problem.fields.length > 0 && problem.fields.every((each) => each.field === field)
    ? fieldSentences(problem.fields.map(({ message }) => message))
    : problem.message
