import { composeFile } from './contents.ts'
import type { Contents } from './contents.ts'
import type { Upload } from './dropped-files.ts'
import { isTooLarge, pathProblem, textOf } from './file-paths.ts'

export interface TakenUploads {
  contents: Contents
  /** Text of a `.env`, which belongs into the environment. */
  env: string | undefined
  refused: { path: string; why: string }[]
}

const composeNames = new Set([composeFile, 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'])

/** Adds files to a draft, replacing those of the same path. What is not text is refused, the rest is taken. */
export async function withUploads(contents: Contents, uploads: Upload[]): Promise<TakenUploads> {
  const taken: TakenUploads = { contents, env: undefined, refused: [] }
  for (const { path, file } of uploads) {
    const text = isTooLarge(file) ? undefined : textOf(new Uint8Array(await file.arrayBuffer()))
    if (isTooLarge(file)) taken.refused.push({ path, why: 'It is larger than all files of an app may be together.' })
    else if (text === undefined) taken.refused.push({ path, why: 'It is not a text file in UTF-8. Mount data from a volume instead.' })
    else take(taken, path, text)
  }
  return taken
}

function take(taken: TakenUploads, path: string, text: string): void {
  const { contents } = taken
  const others = contents.files.filter((file) => file.path !== path)
  if (composeNames.has(path)) return void (taken.contents = { ...contents, composeContent: text })
  if (path === '.env') return void (taken.env = text)
  const why = pathProblem(
    path,
    others.map((file) => file.path),
  )
  if (why !== undefined) return void taken.refused.push({ path, why: `${why}.` })
  const secret = contents.files.find((file) => file.path === path)?.secret ?? false
  taken.contents = { ...contents, files: [...others, { path, content: text, secret }] }
}
