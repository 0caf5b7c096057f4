import { parse } from 'yaml'
import { systemClock, type Clock } from '../clock.ts'
import { AppError, invalidInput } from '../errors.ts'
import type { Log } from '../log.ts'
import { runChild } from './child.ts'
import { composeArguments, composeCandidates, composeEnvironment, programLabel, type ComposeProgram } from './compose-command.ts'
import { absentEngineCause, ComposeError, failureReason, isDownloadBar, refusalReason, withoutPaths } from './compose-words.ts'
import { connectionError, dockerEndpoint, dockerUnavailable } from './endpoint.ts'
import type { ComposeCli, ComposeCommand, ComposeProject } from './engine.types.ts'

export { ComposeError } from './compose-words.ts'

/** Checking a file takes a fraction of a second; one that is made to unfold without end must not hold up the rest. */
const checkWithinMs = 20_000
/** A Compose file has 256 KiB at most; what merges and anchors make of it has to be read between two turns of everything else. */
const mostPrinted = 1024 * 1024
/** Lines of stderr kept to find the reason in. */
const keptErrorLines = 200

/**
 * @param dockerHost as DOCKER_HOST spells it; without it the environment's, else the usual socket
 * @param env this program's environment, of which Compose gets a part
 * @throws StartError when dockerHost is no address
 */
export function createComposeCli(options: { log: Log; dockerHost?: string; env?: NodeJS.ProcessEnv; clock?: Clock }): ComposeCli {
  const { log, env = process.env, clock = systemClock } = options
  const endpoint = dockerEndpoint(options.dockerHost ?? env.DOCKER_HOST, env)
  const childEnv = composeEnvironment(env, endpoint.dockerHost)
  let program: Promise<ComposeProgram> | undefined

  /** Asks for the version once; a failure is forgotten, so that a Compose which is installed later is found. */
  const findProgram = (): Promise<ComposeProgram> => {
    program ??= detect(childEnv, clock).catch((error: unknown) => {
      program = undefined
      throw error
    })
    return program
  }

  const execute = async (project: ComposeProject, command: ComposeCommand | 'config' | 'model', output: Output): Promise<Ended> => {
    const found = await findProgram()
    const args = composeArguments(found, project, command)
    const stderr: string[] = []
    const startedAt = performance.now()
    const onLine = (raw: string, from: 'stdout' | 'stderr'): void => {
      const line = withoutPaths(raw, project)
      if (isDownloadBar(line)) return
      if (from === 'stderr') stderr.push(line)
      if (stderr.length > keptErrorLines) stderr.shift()
      output.onLine(line, from)
    }
    const child = { file: found.file, args, cwd: project.directory, env: childEnv, onLine, signal: output.signal, clock }
    const exitCode = await runChild(child).catch((error: unknown) => {
      if (!isMissing(error)) throw error
      program = undefined
      throw new AppError('DOCKER_UNAVAILABLE', `${programLabel(found)} could not be started: is it still installed?`, { cause: error })
    })
    log.debug({ project: project.name, command, exitCode, ms: Math.round(performance.now() - startedAt) }, 'compose command ended')
    return { exitCode, stderr, label: programLabel(found) }
  }

  const check = async (
    project: ComposeProject,
    command: 'config' | 'model',
    onLine: Output['onLine'],
    signal?: AbortSignal,
  ): Promise<void> => {
    const late = new AbortController()
    const cancel = clock.after(checkWithinMs, () => late.abort())
    try {
      const ended = await execute(project, command, { onLine, signal: signal ? AbortSignal.any([late.signal, signal]) : late.signal })
      if (ended.exitCode !== 0) throw refused(refusalReason(ended.stderr) ?? `${ended.label} ended with exit code ${ended.exitCode}`)
    } catch (error) {
      throw late.signal.aborted ? refused(`Checking it took more than ${checkWithinMs / 1000} s`) : error
    } finally {
      cancel()
    }
  }

  return {
    version: async () => programLabel(await findProgram()),

    config: (project) => check(project, 'config', () => {}),

    async model(project, signal) {
      const printed: string[] = []
      const tooMuch = new AbortController()
      let size = 0
      const onLine = (line: string, from: 'stdout' | 'stderr'): void => {
        if (from === 'stderr') return
        size += line.length
        if (size > mostPrinted) return tooMuch.abort(refused('What it resolves to is larger than 1 MiB'))
        printed.push(line)
      }
      await check(project, 'model', onLine, AbortSignal.any([signal, tooMuch.signal]))
      const text = printed.join('\n')
      return (text.startsWith('{') ? JSON.parse(text) : parse(text)) as unknown
    },

    async run(project, command, output) {
      const { exitCode, stderr, label } = await execute(project, command, output)
      if (exitCode === 0) return
      const absent = absentEngineCause(stderr.join('\n'))
      if (absent) throw dockerUnavailable(endpoint, 'code' in absent ? absent : ((await connectionError(endpoint)) ?? absent))
      throw new ComposeError(failureReason(stderr) ?? `${label} ${command} ended with ${exitCode ?? 'a signal'}`, exitCode)
    },
  }
}

interface Output {
  onLine(line: string, from: 'stdout' | 'stderr'): void
  signal: AbortSignal
}

interface Ended {
  exitCode: number | null
  stderr: string[]
  /** What ran, for messages. */
  label: string
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'

const refused = (message: string): AppError => invalidInput([{ field: 'composeContent', message }])

/** Asking for its version takes Compose well under a second, ten on a machine that is out of memory. */
const detectWithinMs = 15_000

async function detect(env: NodeJS.ProcessEnv, clock: Clock): Promise<ComposeProgram> {
  for (const candidate of composeCandidates) {
    const version = await versionOf(candidate, env, clock).catch(() => null)
    if (version) return { ...candidate, version }
  }
  throw new AppError(
    'DOCKER_UNAVAILABLE',
    'Docker Compose is not installed: neither "docker compose version" nor "docker-compose version" works. Install the Compose plugin.',
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
