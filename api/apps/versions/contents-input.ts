import { bounds, tooLong } from '../../bounds.ts'
import { invalidInput, type FieldError } from '../../errors.ts'
import { problemOfName, problemOfSize, problemOfValue } from '../environment/variable-problem.ts'
import { clashOf, problemOfPath } from './file-paths.ts'
import type { AppContents, ContentsInput, EnvironmentInput, FileInput, PlainFile, PlainVariable } from './version.ts'

const most = bounds.app

export const noContents: AppContents = { composeContent: '', environment: [], files: [], profiles: [] }

const isGiven = <T>(value: T | null | undefined): value is T => value !== null && value !== undefined

/** Whether anything that makes a version is given. */
export const asksForContents = ({ composeContent, environment, files, profiles }: ContentsInput): boolean =>
  [composeContent, environment, files, profiles].some(isGiven)

/**
 * What an app becomes when `input` changes what it was. Text is kept byte for byte; half characters in the Compose file become the
 * replacement character.
 *
 * @throws INVALID_INPUT, without the value of any secret in it
 */
export function changedContents(before: AppContents, input: ContentsInput): AppContents {
  const problems: FieldError[] = [...tooLong('reason', input.reason, bounds.version.reason)]
  const environment = isGiven(input.environment) ? variablesOf(before.environment, input.environment, problems) : before.environment
  const files = isGiven(input.files) ? filesOf(before.files, input.files, problems) : before.files
  const profiles = isGiven(input.profiles) ? profilesOf(input.profiles, problems) : before.profiles
  if (problems.length > 0) throw invalidInput(problems)
  const composeContent = (input.composeContent ?? before.composeContent).toWellFormed()
  return { composeContent, environment, files, profiles }
}

function variablesOf(before: PlainVariable[], given: EnvironmentInput[], problems: FieldError[]): PlainVariable[] {
  const say = (message: string): void => void problems.push({ field: 'environment', message })
  const names = new Set<string>()
  const variables = given.slice(0, most.variables + 1).flatMap(({ name, value, secret }) => {
    const problem = names.has(name) ? 'is there twice' : problemOfName(name)
    names.add(name)
    const kept = keptValue(before.find((each) => each.name === name), { value, secret }) // prettier-ignore
    if (problem !== null || kept === null)
      say(`${shown(name)}: ${problem ?? 'has no value. Only a secret that is stored already can be sent without'}`)
    else if (problemOfValue(kept) !== null) say(`${shown(name)}: ${problemOfValue(kept)}`)
    return kept === null ? [] : [{ name, value: kept, secret: secret ?? false }]
  })
  const tooMuch = problemOfSize(variables)
  if (tooMuch) say(tooMuch)
  return variables
}

/** A secret that becomes plain needs its value again, or anyone who may edit could read it. */
function keptValue(
  before: { secret: boolean; value: string } | undefined,
  given: { value?: string | null | undefined; secret?: boolean | null | undefined },
): string | null {
  if (isGiven(given.value)) return given.value
  return before?.secret && given.secret ? before.value : null
}

function filesOf(before: PlainFile[], given: FileInput[], problems: FieldError[]): PlainFile[] {
  const say = (message: string): void => void problems.push({ field: 'files', message })
  if (given.length > most.files) say(`has ${given.length} files. The maximum is ${most.files}`)
  const files = given.slice(0, most.files).flatMap(({ path, content, secret }) => {
    const stored = before.find((each) => each.path === path)
    const kept = keptValue(stored && { secret: stored.secret, value: stored.content }, { value: content, secret })
    const problem = problemOfPath(path) ?? problemOfContent(kept)
    if (problem !== null) say(`${shown(path)}: ${problem}`)
    return kept === null ? [] : [{ path, content: kept, secret: secret ?? false }]
  })
  const clash = clashOf(files.map(({ path }) => path).filter((path) => problemOfPath(path) === null))
  if (clash) say(clash)
  const bytes = files.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0)
  if (bytes > most.filesBytes) say(`all together have ${Math.ceil(bytes / 1024)} KiB. The maximum is ${most.filesBytes / 1024} KiB`)
  return files
}

function problemOfContent(content: string | null): string | null {
  if (content === null) return 'has no content. Only a secret file that is stored already can be sent without'
  if (content.includes('\0')) return 'has a NUL character, so it is not a text'
  return content.isWellFormed() ? null : 'has half a character (a lone surrogate), which no file can hold'
}

function profilesOf(given: string[], problems: FieldError[]): string[] {
  const say = (message: string): void => void problems.push({ field: 'profiles', message })
  const profiles = [...new Set(given)]
  const twice = given.find((profile, index) => given.indexOf(profile) !== index)
  if (twice !== undefined) say(`${shown(twice)}: is there twice`)
  if (profiles.length > most.profiles) say(`has ${profiles.length} profiles. The maximum is ${most.profiles}`)
  for (const profile of profiles) {
    // Compose's rule: https://docs.docker.com/reference/compose-file/profiles/
    if (profile.length > most.profile || !/^(\*|[a-zA-Z0-9][a-zA-Z0-9_.-]*)$/.test(profile))
      say(`${shown(profile)}: is not a profile: up to ${most.profile} letters, digits, "_", "." and "-", starting with a letter or a digit`)
  }
  return profiles
}

const shown = (name: string): string => JSON.stringify(name.slice(0, 100)).slice(1, -1) || 'one of them'

const textOf = ({ composeContent, environment, files, profiles }: AppContents): string =>
  JSON.stringify([composeContent, environment.map(({ name, value, secret }) => [name, value, secret]), files.map(({ path, content, secret }) => [path, content, secret]), profiles]) // prettier-ignore

export const areSameContents = (one: AppContents, other: AppContents): boolean => textOf(one) === textOf(other)
