import { basename, dirname } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { ComposeProject } from './engine.types.ts'

/** A command of Compose that did not end well; the message is what Compose said. */
export class ComposeError extends Error {
  override readonly name = 'ComposeError'
  /** Null when a signal ended it. */
  readonly exitCode: number | null

  constructor(message: string, exitCode: number | null) {
    super(message)
    this.exitCode = exitCode
  }
}

/** Text of Compose as anybody may see it: no terminal codes, no path of the folders that hold the project and its file. */
export function withoutPaths(text: string, { directory, file }: Pick<ComposeProject, 'directory' | 'file'>): string {
  const plain = stripVTControlCharacters(text)
  return (file === undefined ? plain : plain.replaceAll(file, `./${basename(file)}`))
    .replaceAll(`${directory}/`, './')
    .replaceAll(directory, '.')
    .replaceAll(`${dirname(directory)}/`, '../')
}

/** What v1 and v2 say when no Engine answers, and the code that the same failure has in Node. */
const absentEngine: [RegExp, string][] = [
  [/permission denied.*(docker|socket)|PermissionError/i, 'EACCES'],
  [/(FileNotFoundError.*\)|no such file or directory)/i, 'ENOENT'],
  [/ConnectionRefusedError|connection refused/i, 'ECONNREFUSED'],
]

/** An error with the code of the connection's failure, when that is why a command failed; else null. */
export function absentEngineCause(stderr: string): Error | null {
  if (
    !/Error while fetching server API version|to the Docker daemon|Couldn't connect to Docker daemon|connect to the docker API/i.test(
      stderr,
    )
  )
    return null
  const code = absentEngine.find(([pattern]) => pattern.test(stderr))?.[1]
  return Object.assign(new Error('Compose could not connect'), code ? { code } : {})
}

/** v2 prints each step of a download's bar as a line of its own. */
export const isDownloadBar = (line: string): boolean => /\[(?=[=> ])=*>? *\]/.test(line)
