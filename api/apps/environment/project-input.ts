import type { ComposeProject } from '../../docker/engine.types.ts'
import { invalidInput } from '../../errors.ts'
import { profilesName } from '../../steering-names.ts'
import type { AppContents } from '../versions/version.ts'
import type { FoundEnv } from './env-on-disk.ts'
import { createMask } from './mask.ts'
import { problemOfSize } from './variable-problem.ts'

/** What Compose gets of an app besides its folder: variables, active profiles, and what must not be shown. */
export type ProjectInput = Required<Pick<ComposeProject, 'environment' | 'profiles' | 'mask'>>

/** @param found a `.env` that someone else wrote and that was not read in yet: it counts below the app's own variables, as it did for Compose */
export function projectInput({ environment, files, profiles }: AppContents, found: FoundEnv | null): ProjectInput {
  const variables = [...(found?.variables ?? []), ...environment]
  return {
    environment: Object.fromEntries(variables.map(({ name, value }) => [name, value])),
    profiles,
    mask: createMask(environment, files).text,
  }
}

/** The profiles that are active in a project. */
export const activeProfiles = ({ environment, profiles = [] }: ComposeProject): string[] => [
  ...profiles,
  ...(environment?.[profilesName] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean),
]

/**
 * Reads in a `.env` that someone else wrote: what it has and the app has not becomes plain variables.
 *
 * @throws INVALID_INPUT naming the lines that cannot be read, or that an app cannot have
 */
export function withFoundEnv(contents: AppContents, found: FoundEnv | null): AppContents {
  if (!found) return contents
  if (found.problems.length > 0) throw invalidInput(found.problems.map((message) => ({ field: 'environment', message })))
  const own = new Set(contents.environment.map(({ name }) => name))
  const added = found.variables.filter(({ name }) => !own.has(name))
  if (added.length === 0) return contents
  const environment = [...contents.environment, ...added]
  const tooMuch = problemOfSize(environment)
  if (tooMuch) throw invalidInput([{ field: 'environment', message: `with the .env in the folder, it ${tooMuch}` }])
  return { ...contents, environment }
}
