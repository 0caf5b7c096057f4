import { basename, dirname } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { ComposeProject } from './engine.types.ts'

/** A Compose command that failed. The message is the reason Compose gave. */
export class ComposeError extends Error {
  override readonly name = 'ComposeError'
  /** Null when a signal ended the command. */
  readonly exitCode: number | null

  constructor(message: string, exitCode: number | null) {
    super(message)
    this.exitCode = exitCode
  }
}

/** Makes Compose's text safe to show to anyone: without terminal codes and without the path of the project's folder. */
export function withoutPaths(text: string, { directory, file }: Pick<ComposeProject, 'directory' | 'file'>): string {
  const plain = stripVTControlCharacters(text)
  return (file === undefined ? plain : plain.replaceAll(file, `./${basename(file)}`))
    .replaceAll(`${directory}/`, './')
    .replaceAll(directory, '.')
    .replaceAll(`${dirname(directory)}/`, '../')
}

/** What v1 and v2 say when no Engine answers, with Node's code for the same failure. */
const absentEngine: [RegExp, string][] = [
  [/permission denied.*(docker|socket)|PermissionError/i, 'EACCES'],
  [/(FileNotFoundError.*\)|no such file or directory)/i, 'ENOENT'],
  [/ConnectionRefusedError|connection refused/i, 'ECONNREFUSED'],
]

/** When a command failed because the Engine could not be reached, an error with the connection's error code; else null. */
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

/** v2 prints each step of a download progress bar as a separate line. */
export const isDownloadBar = (line: string): boolean => /\[(?=[=> ])=*>? *\]/.test(line)
