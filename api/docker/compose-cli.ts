import { systemClock, type Clock } from '../clock.ts'
import { AppError, invalidInput } from '../errors.ts'
import type { Log } from '../log.ts'
import { runChild } from './child.ts'
import { composeArguments, composeEnvironment, programLabel, projectEnvironment } from './compose-command.ts'
import { createComposeFinder } from './compose-finder.ts'
import { toRemark, type ComposeRemark, type ComposeVerdict, type SayingContext } from './compose-remark.ts'
import { absentEngineCause, ComposeError, isDownloadBar, withoutPaths } from './compose-error.ts'
import { refusalRemarks } from './config-words.ts'
import { connectionError, dockerEndpoint, dockerUnavailable } from './docker-endpoint.ts'
import type { ComposeCli, ComposeCommand, ComposeProject, ResolvedProject, RunOptions } from './engine.types.ts'
import { failureReason } from './compose-failure-words.ts'
import { markName } from './leftovers.ts'
import { readPrintedYaml } from './printed-yaml.ts'
import { removeLeftLogins, withLogins } from './private-docker-config.ts'
import { addWarning, warningRemark } from './warning-words.ts'

export { ComposeError } from './compose-error.ts'

/** A check takes a fraction of a second. A file built to expand forever must not hold up other work. */
const checkWithinMs = 20_000
/** A Compose file is at most 256 KiB, but merges and anchors can make it grow. Parsing the result blocks the event loop, so it is limited. */
const mostPrinted = 1024 * 1024
/** Lines kept to find the reason for a failure. */
const keptLines = 200

/**
 * @param dockerHost in the form of DOCKER_HOST; defaults to DOCKER_HOST from the environment, then to the usual socket
 * @param env this program's environment; Compose gets part of it
 * @param mark by which a later run of this program finds what this one left behind
 * @throws StartError when dockerHost is not an address
 */
export function createComposeCli(options: {
  log: Log
  dockerHost?: string
  env?: NodeJS.ProcessEnv
  clock?: Clock
  mark?: string
}): ComposeCli {
  const { log, env = process.env, clock = systemClock } = options
  const endpoint = dockerEndpoint(options.dockerHost ?? env.DOCKER_HOST, env)
  const childEnv = composeEnvironment(env, endpoint.dockerHost)
  const mark = options.mark ? { [markName]: options.mark } : {}
  const finder = createComposeFinder({ env: childEnv, clock, log })
  void removeLeftLogins().catch((error: unknown) => log.warn({ err: error }, 'could not remove logins that a killed program left behind'))

  const execute = async (project: ComposeProject, command: ComposeCommand | 'config' | 'model', output: Output): Promise<Ended> => {
    const found = await finder.find()
    const context = { label: programLabel(found), isV1: found.version.startsWith('1.') }
    const args = [...composeArguments(found, project, command), ...(output.services ?? [])]
    const lines = { stdout: [] as string[], stderr: [] as string[] }
    const startedAt = performance.now()
    const printsDocument = command === 'model'
    const onLine = (raw: string, from: 'stdout' | 'stderr'): void => {
      // The model is for decisions, which need the real values, paths included.
      if (printsDocument && from === 'stdout') return output.onLine(raw, from)
      const line = shown(raw, project)
      if (isDownloadBar(line)) return
      const warning = from === 'stderr' ? warningRemark(line, context) : null
      if (warning) return output.onWarning?.(warning)
      lines[from].push(line)
      if (lines[from].length > keptLines) lines[from].shift()
      output.onLine(line, from)
    }
    // Last, because an app's own variables must not replace the mark.
    const env = { ...projectEnvironment(childEnv, project), ...mark }
    const child = { file: found.file, args, cwd: project.directory, onLine, printsDocument, signal: output.signal, clock }
    const exitCode = await withLogins(env, output.logins ?? [], (childsEnv) => runChild({ ...child, env: childsEnv })).catch(
      (error: unknown) => {
        if (!isMissing(error)) throw error
        finder.forget()
        throw new AppError('DOCKER_UNAVAILABLE', `Could not start ${context.label}. Is it still installed?`, { cause: error })
      },
    )
    log.debug({ project: project.name, command, exitCode, ms: Math.round(performance.now() - startedAt) }, 'compose command ended')
    return { exitCode, ...lines, context }
  }

  const check = async (
    project: ComposeProject,
    command: 'config' | 'model',
    onLine: Output['onLine'],
    signal?: AbortSignal,
  ): Promise<ComposeVerdict> => {
    const late = new AbortController()
    const cancel = clock.after(checkWithinMs, () => late.abort())
    const warnings: ComposeRemark[] = []
    const output = { onLine, onWarning: (warning: ComposeRemark): void => addWarning(warnings, warning) }
    try {
      const all = signal ? AbortSignal.any([late.signal, signal]) : late.signal
      const { exitCode, stderr, context } = await execute(project, command, { ...output, signal: all })
      const problems = exitCode === 0 ? [] : refusalRemarks(stderr, context)
      if (exitCode === 0 || problems.length > 0) return { problems, warnings }
      return { problems: [toRemark({ message: `${context.label} ended with exit code ${exitCode}` })], warnings }
    } catch (error) {
      if (!late.signal.aborted) throw error
      return { problems: [toRemark({ message: `Checking the file took more than ${checkWithinMs / 1000} s` })], warnings }
    } finally {
      cancel()
    }
  }

  const resolve = async (project: ComposeProject, signal: AbortSignal): Promise<ResolvedProject> => {
    const printed: string[] = []
    const tooMuch = new AbortController()
    let size = 0
    const onLine = (line: string, from: 'stdout' | 'stderr'): void => {
      if (from === 'stderr') return
      size += line.length
      if (size > mostPrinted) return tooMuch.abort(refused('The resolved file is larger than 1 MiB'))
      printed.push(line)
    }
    const verdict = await check(project, 'model', onLine, AbortSignal.any([signal, tooMuch.signal]))
    if (verdict.problems.length > 0) return { ...verdict, model: null }
    const text = printed.join('\n')
    return { ...verdict, model: text.startsWith('{') ? (JSON.parse(text) as unknown) : readPrintedYaml(text) }
  }

  const model = async (project: ComposeProject, signal: AbortSignal): Promise<unknown> => {
    const { problems, model: resolved } = await resolve(project, signal)
    if (problems.length > 0) throw refused(problems.map(({ message }) => message).join('\n'))
    return resolved
  }

  /** Used after a failure to name the image that failed. Empty when the file cannot be resolved either. */
  const imagesOf = async (project: ComposeProject, signal: AbortSignal): Promise<Map<string, string>> =>
    model(project, signal).then(imagesIn, () => new Map<string, string>())

  return {
    version: async () => programLabel(await finder.find()),

    knownVersion: finder.known,

    config: (project, signal) => check(project, 'config', () => {}, signal),

    model,

    resolve,

    variables: (project) => projectEnvironment(childEnv, project),

    async run(project, command, output) {
      const { exitCode, stdout, stderr, context } = await execute(project, command, output)
      if (exitCode === 0) return
      const absent = absentEngineCause(stderr.join('\n'))
      if (absent) throw dockerUnavailable(endpoint, 'code' in absent ? absent : ((await connectionError(endpoint)) ?? absent))
      const reason = failureReason({ stdout, stderr, project: project.name, images: await imagesOf(project, output.signal), context })
      throw new ComposeError(shown(reason ?? `${context.label} ${command} ended with ${exitCode ?? 'a signal'}`, project), exitCode)
    },
  }
}

interface Output extends Pick<RunOptions, 'services' | 'logins'> {
  onLine(line: string, from: 'stdout' | 'stderr'): void
  onWarning?(warning: ComposeRemark): void
  signal: AbortSignal
}

interface Ended {
  exitCode: number | null
  stdout: string[]
  stderr: string[]
  context: SayingContext
}

/** Compose's text as anyone may see it. */
const shown = (text: string, project: ComposeProject): string => withoutPaths(project.mask?.(text) ?? text, project)

const refused = (message: string): AppError => invalidInput([{ field: 'composeContent', message }])

/** Image by service in a resolved file; empty for services that are built. */
function imagesIn(model: unknown): Map<string, string> {
  const services = isRecord(model) && isRecord(model['services']) ? Object.entries(model['services']) : []
  return new Map(
    services.map(([name, service]) => [name, isRecord(service) && typeof service['image'] === 'string' ? service['image'] : '']),
  )
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'
