import type { AppFilesOnDisk, ComposeOnDisk } from '../../graphql/items.ts'

/** A file that is not on disk as the app has it. */
export interface FileToDecide {
  path: string
  /** Null when it cannot be compared. */
  texts: { before: string; after: string } | null
  /** Why there is nothing to compare. */
  words: string | null
  isMissing: boolean
  canBeTaken: boolean
}

type App = NonNullable<AppFilesOnDisk['app']>

/** What there is to decide about, the Compose file first. */
export function filesToDecide(
  app: App,
  compose: ComposeOnDisk | null,
  changed: NonNullable<AppFilesOnDisk['appChangedFiles']>,
): FileToDecide[] {
  const further = changed.map((file) => {
    const before = app.files.find(({ path }) => path === file.path)?.content ?? null
    const texts = before !== null && file.content !== null ? { before, after: file.content } : null
    return { path: file.path, texts, words: texts ? null : wordsOf(file), isMissing: file.isMissing, canBeTaken: canBeTaken(file) }
  })
  const isSame = compose?.content === app.composeContent
  if (isSame) return further
  const path = compose?.file ?? 'compose.yaml'
  const words = compose ? (compose.content === null ? `It cannot be used: ${compose.problem ?? ''}.` : null) : missing
  const texts = compose?.content ? { before: app.composeContent, after: compose.content } : null
  return [{ path, texts, words, isMissing: compose === null, canBeTaken: texts !== null }, ...further]
}

const missing = 'It is no longer on disk.'
const tooLarge = /too large to be shown/
const canBeTaken = ({ problem }: { problem?: string | null | undefined }): boolean => !problem || tooLarge.test(problem)

function wordsOf({ secret, isMissing, problem }: NonNullable<AppFilesOnDisk['appChangedFiles']>[number]): string {
  if (isMissing) return missing
  if (problem) return tooLarge.test(problem) ? `It ${problem}.` : `It cannot be used: it ${problem}.`
  return secret ? 'It differs. The file is secret, so its content is not shown.' : 'It differs.'
}
