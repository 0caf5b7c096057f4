import { join } from 'node:path'
import { projectRoot } from '../project-root.ts'
import { profilesName, steeredBy } from '../steering-names.ts'
import type { ComposeCommand, ComposeProject } from './engine.types.ts'

/** One of the two Compose command lines: the `docker compose` plugin or the standalone `docker-compose`. */
export interface ComposeProgram {
  file: 'docker' | 'docker-compose'
  /** Arguments that come before all others. */
  prefix: string[]
  /** For example "1.29.2". */
  version: string
}

/** In order of preference. A standalone `docker-compose` can also be v2 or later. */
export const composeCandidates: Pick<ComposeProgram, 'file' | 'prefix'>[] = [
  { file: 'docker', prefix: ['compose'] },
  { file: 'docker-compose', prefix: [] },
]

export const programLabel = (program: ComposeProgram): string => [program.file, ...program.prefix, program.version].join(' ')

const commandArguments: Record<ComposeCommand, string[]> = {
  up: ['up', '-d', '--remove-orphans'],
  pull: ['pull'],
  build: ['build'],
}

export function composeArguments(program: ComposeProgram, project: ComposeProject, command: ComposeCommand | 'config' | 'model'): string[] {
  return [...projectArguments(program, project), ...plainOutput(program.version), ...argumentsOf(command, program.version)]
}

/** The file is relative to the working directory so messages do not reveal where the folder is. A draft has a full path. */
export const projectArguments = (program: ComposeProgram, project: ComposeProject): string[] => [
  ...program.prefix,
  ...['--project-name', project.name, '--project-directory', project.directory, '--file', project.file ?? 'compose.yaml'],
  ...(project.further ?? []).flatMap((file) => ['--file', file]),
  ...(project.overlay === undefined ? [] : ['--file', project.overlay]),
  ...(project.environment ? ['--env-file', emptyFile] : []),
]

function argumentsOf(command: ComposeCommand | 'config' | 'model', version: string): string[] {
  if (command === 'config') return ['config', '--quiet']
  // v1 can only print YAML.
  if (command === 'model') return version.startsWith('1.') ? ['config'] : ['config', '--format', 'json']
  return commandArguments[command]
}

/** `--ansi` was added in 1.28, `--progress` in 2.19 (docker/compose#10690). */
function plainOutput(version: string): string[] {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isAtLeast = (wantedMajor: number, wantedMinor: number): boolean =>
    major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
  if (!isAtLeast(1, 28)) return ['--no-ansi']
  return ['--ansi', 'never', ...(isAtLeast(2, 19) ? ['--progress', 'plain'] : [])]
}

/**
 * The environment for Compose: only what it needs to find its files, reach Docker and the network, and print its output. A Compose
 * file can read every variable that Compose has (`${NAME}`), and this program's own environment holds secrets.
 */
export function composeEnvironment(env: NodeJS.ProcessEnv, dockerHost: string): NodeJS.ProcessEnv {
  const passed = Object.entries(env).filter(
    ([name]) => passedNames.has(name) || passedProxies.has(name.toUpperCase()) || name.startsWith('DOCKER_'),
  )
  // v1 runs on Python, which otherwise buffers its output until it exits, and reads variables in the encoding of LANG.
  return { ...Object.fromEntries(passed), DOCKER_HOST: dockerHost, PYTHONUNBUFFERED: '1', PYTHONUTF8: '1' }
}

/**
 * Read in place of the folder's `.env`. Both versions prefer a variable of the process to one of `.env`, but take from `.env` what the
 * process does not have: a variable that someone has removed from the app would come back. v1 refuses `/dev/null`, and only v2 knows
 * COMPOSE_DISABLE_ENV_FILE. docs/decisions/0010-environment.md has what was tried.
 */
const emptyFile = join(projectRoot, 'api/docker/empty.env')

/**
 * `own` with the project's variables and profiles. What Compose needs to run cannot be replaced, except for what only changes how it
 * writes text and time.
 */
export function projectEnvironment(own: NodeJS.ProcessEnv, { environment, profiles = [] }: ComposeProject): NodeJS.ProcessEnv {
  if (!environment && profiles.length === 0) return own
  const given = Object.entries(environment ?? {}).filter(([name]) => steeredBy(name) === null)
  const active = [...profiles, ...(environment?.[profilesName] ?? '').split(',')].map((name) => name.trim()).filter((name) => name !== '')
  const all = Object.fromEntries([...Object.entries(own), ...given])
  return { ...all, ...(active.length > 0 ? { [profilesName]: [...new Set(active)].join(',') } : {}) }
}

const passedNames = new Set(
  'PATH HOME USER LANG LC_ALL TZ TMPDIR XDG_RUNTIME_DIR XDG_CONFIG_HOME SSH_AUTH_SOCK SSL_CERT_FILE SSL_CERT_DIR COMPOSE_PARALLEL_LIMIT COMPOSE_HTTP_TIMEOUT'.split(
    ' ',
  ),
)
const passedProxies = new Set(['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY'])
