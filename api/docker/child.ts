import { spawn } from 'node:child_process'
import type { Clock } from '../clock.ts'
import { createLineSplitter } from './lines.ts'

/** On TERM, Compose stops its own work and leaves containers alone. A child still running after this long gets KILL. */
const killAfterMs = 3_000

export interface ChildCommand {
  file: string
  args: string[]
  cwd: string
  env: NodeJS.ProcessEnv
  /** Called for each line of stdout and stderr as it arrives. */
  onLine(line: string, from: 'stdout' | 'stderr'): void
  /** Its stdout is a document, of which blank lines are part. */
  printsDocument?: boolean
  signal: AbortSignal
  clock: Clock
}

/**
 * Runs a program without a shell and waits until it has exited and all its output has been read.
 * The child leads its own process group, so an abort ends the whole group and Ctrl-C in this program's terminal does not reach it.
 *
 * @returns the exit code, or null when a signal ended the child
 * @throws the abort reason of `signal` after the child has exited; the system error when the child cannot be started
 */
export async function runChild(command: ChildCommand): Promise<number | null> {
  command.signal.throwIfAborted()
  const child = spawn(command.file, command.args, {
    cwd: command.cwd,
    env: command.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  for (const from of ['stdout', 'stderr'] as const) {
    const splitter = createLineSplitter((line) => command.onLine(line, from), {
      isDocument: from === 'stdout' && command.printsDocument === true,
    })
    child[from].on('data', splitter.push).on('end', splitter.end)
  }
  let cancelKill = (): void => {}
  const end = (): void => {
    killGroup(child.pid, 'SIGTERM')
    cancelKill = command.clock.after(killAfterMs, () => killGroup(child.pid, 'SIGKILL'))
  }
  command.signal.addEventListener('abort', end, { once: true })
  try {
    const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
    command.signal.throwIfAborted()
    return code
  } finally {
    command.signal.removeEventListener('abort', end)
    cancelKill()
  }
}

function killGroup(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // The group has already ended.
  }
}
