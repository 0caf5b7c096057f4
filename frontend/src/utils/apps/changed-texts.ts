import { composeFile, fileChanges } from './contents.ts'
import type { Contents } from './contents.ts'

export interface ChangedText {
  path: string
  /** Empty for a file that was added. */
  before: string
  /** Empty for one that was removed. */
  after: string
  /** Its content is not known here. */
  isSecret: boolean
}

const fileIn = (contents: Contents, path: string) => contents.files.find((file) => file.path === path)

/** The texts of the files that two states of an app differ in. */
export function changedTexts(before: Contents, after: Contents): ChangedText[] {
  return fileChanges(before, after).map(({ name: path }) => {
    if (path === composeFile) return { path, before: before.composeContent, after: after.composeContent, isSecret: false }
    const [old, now] = [fileIn(before, path), fileIn(after, path)]
    return { path, before: old?.content ?? '', after: now?.content ?? '', isSecret: old?.secret === true || now?.secret === true }
  })
}
