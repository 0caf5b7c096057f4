import type { ComposeCommand, ComposeProject } from './engine.types.ts'

/** One of the two command lines that Compose has had. */
export interface ComposeProgram {
  file: 'docker' | 'docker-compose'
  /** Arguments that come before all others. */
  prefix: string[]
  /** Such as "1.29.2". */
  version: string
}

/** In the order of preference. A standalone `docker-compose` may be v2 or later as well. */
export const composeCandidates: Pick<ComposeProgram, 'file' | 'prefix'>[] = [
  { file: 'docker', prefix: ['compose'] },
  { file: 'docker-compose', prefix: [] },
]

export const programLabel = (program: ComposeProgram): string => [program.file, ...program.prefix, program.version].join(' ')

const commandArguments: Record<ComposeCommand, string[]> = {
  up: ['up', '-d', '--remove-orphans'],
  stop: ['stop'],
  down: ['down', '--remove-orphans'],
  pull: ['pull'],
}

/** The file is named relative to the working directory, so that messages name it without saying where the folder is; a draft has a path. */
export function composeArguments(program: ComposeProgram, project: ComposeProject, command: ComposeCommand | 'config' | 'model'): string[] {
  return [
    ...program.prefix,
    ...['--project-name', project.name, '--project-directory', project.directory, '--file', project.file ?? 'compose.yaml'],
    ...plainOutput(program.version),
    ...argumentsOf(command, program.version),
  ]
}

function argumentsOf(command: ComposeCommand | 'config' | 'model', version: string): string[] {
  if (command === 'config') return ['config', '--quiet']
  // v1 prints YAML only.
  if (command === 'model') return version.startsWith('1.') ? ['config'] : ['config', '--format', 'json']
  return commandArguments[command]
}

/** `--ansi` came with 1.28, `--progress` with 2.19 (docker/compose#10690). */
function plainOutput(version: string): string[] {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isAtLeast = (wantedMajor: number, wantedMinor: number): boolean =>
    major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
  if (!isAtLeast(1, 28)) return ['--no-ansi']
  return ['--ansi', 'never', ...(isAtLeast(2, 19) ? ['--progress', 'plain'] : [])]
}

/**
 * What Compose gets of this program's environment: where Docker is, how to get out, how to write. Nothing else, because a Compose
 * file can read each variable that Compose has (`${NAME}`), and this program's hold secrets.
 */
export function composeEnvironment(env: NodeJS.ProcessEnv, dockerHost: string): NodeJS.ProcessEnv {
  const passed = Object.entries(env).filter(
    ([name]) => passedNames.has(name) || passedProxies.has(name.toUpperCase()) || name.startsWith('DOCKER_'),
  )
  // Python, in v1, otherwise keeps its output until it ends.
  return { ...Object.fromEntries(passed), DOCKER_HOST: dockerHost, PYTHONUNBUFFERED: '1' }
}

const passedNames = new Set(
  'PATH HOME USER LANG LC_ALL TZ TMPDIR XDG_RUNTIME_DIR XDG_CONFIG_HOME SSH_AUTH_SOCK SSL_CERT_FILE SSL_CERT_DIR COMPOSE_PARALLEL_LIMIT COMPOSE_HTTP_TIMEOUT'.split(
    ' ',
  ),
)
const passedProxies = new Set(['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY'])
