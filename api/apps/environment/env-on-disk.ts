import { chmod, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readComposeFile } from '../compose-on-disk.ts'
import { setAside } from '../set-aside.ts'
import { envFileText, isOwnEnvFile } from './env-file.ts'
import { readEnvText } from './env-text.ts'
import type { PlainValue } from './plain-value.ts'
import { problemOfName, problemOfValue } from './variable-problem.ts'

export const envFile = '.env'
const draftName = '.env.selfhostly-new'
/** Nobody keeps more generations of a file aside. */
const mostOriginals = 100

/** A `.env` in an app's folder that this program did not write. */
export interface FoundEnv {
  /** Those that an app can have. */
  variables: PlainValue[]
  /** Why the file cannot become the app's environment as it is. Each names the line or the variable. */
  problems: string[]
}

/** Reads a `.env` that someone else wrote; null when there is none. Never follows a link. */
export async function findEnv(directory: string): Promise<FoundEnv | null> {
  const found = await readComposeFile(directory, envFile)
  if (!found) return null
  if (found.content === null) return { variables: [], problems: [`${found.problem ?? envFile}. Move it out of the way on the node`] }
  if (isOwnEnvFile(found.content)) return null
  const { variables, problems } = readEnvText(found.content)
  const refusals = variables.map((variable) => ({ ...variable, problem: problemOfName(variable.name) ?? problemOfValue(variable.value) }))
  return {
    variables: refusals.filter(({ problem }) => problem === null).map(({ name, value }) => ({ name, value, secret: false })),
    problems: [
      ...problems.map(({ line, message }) => `${envFile}, line ${line}: ${message}`),
      ...refusals.flatMap(({ name, problem }) => (problem === null ? [] : [`${envFile}: ${name} ${problem}`])),
    ],
  }
}

/**
 * Writes an app's `.env`, readable by its owner only. One that someone else wrote is kept as `.env.original`. An app without variables
 * needs none.
 */
export async function writeEnv(directory: string, environment: readonly PlainValue[]): Promise<void> {
  const path = join(directory, envFile)
  const found = await readComposeFile(directory, envFile)
  const isOwn = isOwnEnvFile(found?.content ?? '')
  if (environment.length === 0) return isOwn ? rm(path, { force: true }) : undefined
  const text = envFileText(environment)
  if (isOwn && found?.content === text) return chmod(path, 0o600)
  if (found && !isOwn && (await setAside(path, mostOriginals)) === null)
    throw new Error(`There are ${mostOriginals} files named ${envFile}.original in the folder. Remove those that nobody needs`)
  const draft = join(directory, draftName)
  await rm(draft, { force: true })
  await writeFile(draft, text, { mode: 0o600, flag: 'wx' })
  await rename(draft, path)
}

/** Puts the `.env` of a draft, for services that read it as an `env_file`, in the place of the link to the present one. */
export async function draftEnv(draft: string, environment: readonly PlainValue[]): Promise<void> {
  if (environment.length === 0) return
  await rm(join(draft, envFile), { force: true })
  await writeEnv(draft, environment)
}

/** What of an app's folder is this program's: content by name; null when any content counts. */
export const writtenEnv = (environment: readonly PlainValue[]): [string, string | null][] =>
  environment.length === 0 ? [] : [[envFile, envFileText(environment)], [draftName, null]] // prettier-ignore
