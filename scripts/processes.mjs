// The scripts' child processes. By default each has its own process group, so whatever it starts ends with it.
// `detached: false` keeps it in ours, for a script that others run and end as a whole.
import { spawn } from 'node:child_process'

/** Long enough for a server to close its connections, and short enough for a person who pressed Ctrl-C. */
const STOP_MS = 10_000

const running = new Set()
const cleanups = []

/** Colors for people only; some tools would also color what CI stores as text. */
export const colors = process.stdout.isTTY ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' }

/** Starts a program. `ended` resolves with its exit code (128 + signal number if a signal ended it). */
export function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: 'inherit', detached: true, ...options })
  const handle = { child, group: options.detached !== false, ended: undefined }
  running.add(handle)
  handle.ended = new Promise((resolve, reject) => {
    child.once('error', (error) => (running.delete(handle), reject(error)))
    child.once('close', (code, signal) => (running.delete(handle), resolve(code ?? (signal === 'SIGINT' ? 130 : 143))))
  })
  // Callers that wait see the failure. If nobody waits yet, it must not crash this program.
  handle.ended.catch(() => {})
  return handle
}

/** Runs a program until it ends and collects its output. Returns code 124 if it takes longer than `timeoutMs`. */
export async function run(command, args, { timeoutMs = 600_000, ...options } = {}) {
  const handle = start(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
  let output = ''
  const collect = (chunk) => (output += chunk)
  handle.child.stdout.setEncoding('utf8').on('data', collect)
  handle.child.stderr.setEncoding('utf8').on('data', collect)
  let late = false
  const timer = setTimeout(() => ((late = true), void stop(handle)), timeoutMs)
  try {
    const code = await handle.ended
    return late ? { code: 124, output: `${output}\nstopped after ${timeoutMs / 1000} s` } : { code, output }
  } catch (error) {
    return { code: 127, output: error.message }
  } finally {
    clearTimeout(timer)
    kill(handle, 'SIGKILL')
  }
}

/**
 * Sends SIGTERM, waits, then sends SIGKILL. Resolves when the program and its group have ended.
 * `group: false` sends SIGTERM only to the program, which then ends its own processes.
 */
export async function stop(handle, { group = handle.group, waitMs = STOP_MS } = {}) {
  kill({ ...handle, group }, 'SIGTERM')
  const timer = setTimeout(() => kill(handle, 'SIGKILL'), waitMs)
  await handle.ended.catch(() => {})
  clearTimeout(timer)
  kill(handle, 'SIGKILL')
}

/** Whether the program, or any process in its group, is still running. */
export const isAlive = (handle) => kill(handle, 0)

function kill({ child, group }, signal) {
  if (child.pid === undefined) return false
  // After the process has been waited for, its pid may already belong to another program.
  if (!group) return child.exitCode === null && child.signalCode === null && child.kill(signal)
  try {
    return process.kill(-child.pid, signal)
  } catch {
    return false
  }
}

/** Runs at the end, even after Ctrl-C. The last one added runs first. */
export const atEnd = (cleanup) => void cleanups.push(cleanup)

let ending

/** A second call, such as that of a script whose work a signal cut off, waits for the same end. @throws the first failure, after all cleanups */
export const endAll = () => (ending ??= endEach().finally(() => (ending = undefined)))

async function endEach() {
  await Promise.all([...running].filter((handle) => !handle.keep).map((handle) => stop(handle)))
  const failures = []
  while (cleanups.length > 0) {
    try {
      await cleanups.pop()()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}

/** Ctrl-C, SIGTERM and SIGHUP end all child processes, then this program. */
export function endAllOnSignals() {
  let ending = false
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ]) {
    process.on(signal, () => {
      if (ending) return
      ending = true
      void endAll().finally(() => process.exit(code))
    })
  }
}
