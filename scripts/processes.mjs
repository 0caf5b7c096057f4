// Child processes of the scripts. By default each has a process group of its own, so that whatever it starts ends with it;
// `detached: false` keeps it in ours, for a script that others run and end as one.
import { spawn } from 'node:child_process'

/** Long enough for a server to close its connections; a person who pressed Ctrl-C waits for it. */
const STOP_MS = 10_000

const running = new Set()
const cleanups = []

/** Colours for people only; some tools would also colour what CI keeps as text. */
export const colors = process.stdout.isTTY ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' }

/** Starts a program. `ended` resolves with its exit code (128 + signal number when a signal ended it). */
export function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: 'inherit', detached: true, ...options })
  const handle = { child, group: options.detached !== false, ended: undefined }
  running.add(handle)
  handle.ended = new Promise((resolve, reject) => {
    child.once('error', (error) => (running.delete(handle), reject(error)))
    child.once('close', (code, signal) => (running.delete(handle), resolve(code ?? (signal === 'SIGINT' ? 130 : 143))))
  })
  // Whoever waits sees the failure; until then it must not end the whole program.
  handle.ended.catch(() => {})
  return handle
}

/** Runs a program to its end and collects what it prints. Fails with code 124 when it takes longer than `timeoutMs`. */
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
 * Asks with SIGTERM, waits, then insists with SIGKILL; resolves when the program and its group are gone.
 * `group: false` asks the program alone, which then ends its own.
 */
export async function stop(handle, { group = handle.group, waitMs = STOP_MS } = {}) {
  kill({ ...handle, group }, 'SIGTERM')
  const timer = setTimeout(() => kill(handle, 'SIGKILL'), waitMs)
  await handle.ended.catch(() => {})
  clearTimeout(timer)
  kill(handle, 'SIGKILL')
}

/** Whether the program, or any process of its group, is left. */
export const isAlive = (handle) => kill(handle, 0)

function kill({ child, group }, signal) {
  if (child.pid === undefined) return false
  // A pid that has been waited for may already be another program's.
  if (!group) return child.exitCode === null && child.signalCode === null && child.kill(signal)
  try {
    return process.kill(-child.pid, signal)
  } catch {
    return false
  }
}

/** Runs at the end, also after Ctrl-C; the last one added runs first. */
export const atEnd = (cleanup) => void cleanups.push(cleanup)

export async function endAll() {
  await Promise.all([...running].filter((handle) => !handle.keep).map((handle) => stop(handle)))
  while (cleanups.length > 0) await cleanups.pop()()
}

/** Ctrl-C and SIGTERM end everything first, then this program. */
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
