import { statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import { runChild } from './child.ts'
import { composeCandidates, programLabel, type ComposeProgram } from './compose-command.ts'

/** Where the docker command looks for plugins, besides the user's own folder. */
const pluginFolders = ['/usr/local/lib', '/usr/local/libexec', '/usr/lib', '/usr/libexec'].map((folder) => `${folder}/docker/cli-plugins`)

/**
 * Finds Compose on this machine. Looks again when one of the candidate files changes, so an upgrade of Compose does not need a
 * restart of this program.
 */
export function createComposeFinder({ env, clock, log }: { env: NodeJS.ProcessEnv; clock: Clock; log: Log }) {
  let search: { files: string; found: Promise<ComposeProgram> } | undefined
  let label: string | null = null

  const told = (found: string | null): void => {
    if (found === label) return
    if (found === null) log.warn({ before: label }, 'Docker Compose is no longer installed')
    else log.info({ compose: found, ...(label ? { before: label } : {}) }, 'Docker Compose found')
    label = found
  }

  const begin = (files: string): Promise<ComposeProgram> => {
    const found = detect(env, clock)
    search = { files, found }
    found.then(
      (program) => told(programLabel(program)),
      () => told(null),
    )
    return found
  }

  return {
    /** @throws DOCKER_UNAVAILABLE when Compose is not installed */
    find(): Promise<ComposeProgram> {
      const files = stateOfFiles(env)
      if (search?.files !== files) return begin(files)
      // A failed search may only have been too slow, so each caller tries again.
      return search.found.catch(() => begin(stateOfFiles(env)))
    },

    /** Makes the next call search again. */
    forget: (): void => void (search = undefined),

    /** The Compose found so far, or null. Never waits and never throws; starts a search when the candidate files have changed. */
    known(): string | null {
      const files = stateOfFiles(env)
      if (search?.files !== files) begin(files).catch(() => {})
      return label
    },
  }
}

/** Changes when a file that Compose could run from is added, removed or replaced. About thirty `stat` calls, normally served from cache. */
function stateOfFiles(env: NodeJS.ProcessEnv): string {
  const folders = (env['PATH'] ?? '').split(delimiter)
  const ofUser = env['DOCKER_CONFIG'] ?? join(env['HOME'] ?? '/', '.docker')
  return [
    ...folders.flatMap((folder) => [join(folder, 'docker'), join(folder, 'docker-compose')]),
    ...[join(ofUser, 'cli-plugins'), ...pluginFolders].map((folder) => join(folder, 'docker-compose')),
  ]
    .map((path) => `${path} ${stateOf(path)}`)
    .join('\n')
}

/** Empty for a file that is missing, or in a folder of PATH that this user cannot enter. */
function stateOf(path: string): string {
  try {
    const stat = statSync(path, { throwIfNoEntry: false })
    return stat ? `${stat.ino} ${stat.size} ${stat.mtimeMs}` : ''
  } catch {
    return ''
  }
}

/** Compose prints its version in well under a second, or in about ten on a machine that is short of memory. */
const detectWithinMs = 15_000

async function detect(env: NodeJS.ProcessEnv, clock: Clock): Promise<ComposeProgram> {
  for (const candidate of composeCandidates) {
    const version = await versionOf(candidate, env, clock).catch(() => null)
    if (version) return { ...candidate, version }
  }
  throw new AppError(
    'DOCKER_UNAVAILABLE',
    'Docker Compose is not installed: neither "docker compose version" nor "docker-compose version" works. Install the Compose plugin',
  )
}

async function versionOf(
  { file, prefix }: Pick<ComposeProgram, 'file' | 'prefix'>,
  env: NodeJS.ProcessEnv,
  clock: Clock,
): Promise<string | null> {
  const lines: string[] = []
  const late = new AbortController()
  const cancel = clock.after(detectWithinMs, () => late.abort())
  try {
    const args = [...prefix, 'version', '--short']
    const code = await runChild({ file, args, cwd: '/', env, onLine: (line) => lines.push(line), signal: late.signal, clock })
    const version = lines.map((line) => /^v?(\d+\.\d+\S*)$/.exec(line.trim())?.[1]).find((found) => found !== undefined)
    return code === 0 ? (version ?? null) : null
  } finally {
    cancel()
  }
}
