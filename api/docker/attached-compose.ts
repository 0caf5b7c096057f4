import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { composeEnvironment, projectArguments, projectEnvironment } from './compose-command.ts'
import { createComposeFinder } from './compose-finder.ts'
import { dockerEndpoint } from './docker-endpoint.ts'
import type { ComposeProject } from './engine.types.ts'

/** What a program needs to know about the terminal it writes to. */
const terminalNames = new Set(['TERM', 'COLORTERM', 'COLUMNS', 'LINES', 'NO_COLOR', 'CLICOLOR', 'CLICOLOR_FORCE'])

/**
 * Runs Compose on a project for the person at this terminal: input, output and Ctrl-C are theirs.
 *
 * @param args after those that name the project, such as `["logs", "-f"]`
 * @returns the exit code; for a signal 128 and its number, as a shell says it
 * @throws DOCKER_UNAVAILABLE when Compose is not installed
 */
export async function runComposeAttached(
  project: ComposeProject,
  args: string[],
  { env, clock, log }: { env: NodeJS.ProcessEnv; clock: Clock; log: Log },
): Promise<number> {
  const own = composeEnvironment(env, dockerEndpoint(env.DOCKER_HOST, env).dockerHost)
  const program = await createComposeFinder({ env: own, clock, log }).find()
  const ofTerminal = Object.fromEntries(Object.entries(env).filter(([name]) => terminalNames.has(name)))
  const child = spawn(program.file, [...projectArguments(program, project), ...args], {
    cwd: project.directory,
    env: projectEnvironment({ ...own, ...ofTerminal }, project),
    stdio: 'inherit',
  })
  // The terminal sends Ctrl-C to both. Compose decides what it means.
  const leaveToCompose = (): void => {}
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal)
  process.on('SIGINT', leaveToCompose).on('SIGTERM', pass)
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject).once('close', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)))
    })
  } finally {
    process.off('SIGINT', leaveToCompose).off('SIGTERM', pass)
  }
}
