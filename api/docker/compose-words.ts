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

/** Lines that tell of progress, headings, and warnings; none of them says why a command failed. */
const notReasons = [
  /^(Creating|Recreating|Starting|Restarting|Stopping|Removing|Pulling|Building|Attaching|Killing)\b.*(\.\.\.|"|\bdone|driver)/,
  /^(Container|Network|Volume|Image|Service) \S+ +(Creat|Recreat|Start|Stop|Remov|Pull|Build|Wait|Runn|Healthy|Error|Exited|Skipp|Interrupt)/,
  /^\S+ (Pulling|Pulled|Waiting|Error|Skipped|Interrupted|Already exists|Verifying Checksum|Download complete|Pull complete)\b/,
  /^(Encountered errors while|Found orphan containers|The \S+ variable is not set|WARNING: |WARN\[|time="[^"]*" level=warning)/,
  /^(The Compose file .*is invalid because:|Traceback )/,
]

/** Enough for Compose's longest reason; more would be the story that led to it. */
const keptLines = 3

/** Why a command failed: the last lines on stderr that are not progress, each once, without v1's "ERROR: for NAME" in front. */
export function failureReason(stderr: string[]): string | null {
  const reasons = pythonError(stderr)
    .map((line) => line.trim().replace(/^ERROR: (for \S+ +)?/, ''))
    .filter((line) => line !== '' && !notReasons.some((pattern) => pattern.test(line)))
  const unique = [...new Set(reasons)].slice(-keptLines)
  return unique.length > 0 ? unique.join('\n') : null
}

/** The reason why `config` refused a file, all of it: it may list several faults. */
export function refusalReason(stderr: string[]): string | null {
  const lines = pythonError(stderr)
    .map((line) => line.trimEnd().replace(/^(?:ERROR: |yaml\.\w+\.\w+: )/, ''))
    .filter((line) => line.trim() !== '' && !notReasons.some((pattern) => pattern.test(line)))
  return lines.length > 0 ? lines.slice(0, 20).join('\n') : null
}

/** v1 shows a stack trace for what it did not expect; the exception is at its end. */
function pythonError(lines: string[]): string[] {
  return lines.some((line) => line.startsWith('Traceback ')) ? lines.slice(-1) : lines
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
