import { readFile } from 'node:fs/promises'
import type { Duplex } from 'node:stream'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { composeLabels } from './container-mapping.ts'
import { answered, createEngineClient, hasStatus } from './engine-client.ts'
import type { EngineTerminals, TerminalProgram } from './engine.types.ts'

/** In the environment of the program, so that it is found in its container. */
const markName = 'SELFHOSTLY_TERMINAL'
/** A program that does not end when it is hung up is killed. */
const killAfterMs = 3000
/** As patient as Docker's own command line. */
const resizeAttempts = 10
/** Docker writes this on the stream itself when it could not start a program. */
const notStarted = 'OCI runtime exec failed'
/** Docker's own codes for a program that cannot be run, or is not there. */
const cannotRun = [126, 127]

/**
 * Signals the program that has this mark, from within its container, by what every shell has built in. Its descendants have the mark
 * too, but only it comes from outside of the container, so only it has no parent there. When a terminal's first program is hung up, it
 * hangs up what it started, unless that was meant to go on.
 */
const signalScript = `for d in /proc/[0-9]*; do
  while IFS= read -r line || [ -n "$line" ]; do
    case "$line" in
    *"$1"*)
      while read -r key value; do [ "$key" = PPid: ] && [ "$value" = 0 ] && kill "-$2" "\${d#/proc/}"; done < "$d/status"
      break
    esac
  done < "$d/environ"
done 2>/dev/null
true`

/** @throws StartError when dockerHost is not an address */
export function createEngineTerminals(options: { clock: Clock; dockerHost?: string }): EngineTerminals {
  const client = createEngineClient(options)
  const { docker, ask } = client

  async function execOf(containerId: string, command: string[], mark?: string) {
    const attached = { AttachStdin: true, AttachStdout: true, AttachStderr: true, Tty: true }
    return answered(
      client,
      docker.getContainer(containerId).exec({
        Cmd: command,
        ...(mark === undefined ? {} : { ...attached, Env: ['TERM=xterm-256color', `${markName}=${mark}`] }),
      }),
    )
  }

  /** Where this program sees the Engine's processes. */
  async function signalFromHere(pid: number, mark: string, signal: 'HUP' | 'KILL'): Promise<boolean> {
    if (pid <= 0) return true
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
    if (!environment.split('\0').includes(`${markName}=${mark}`)) return false
    try {
      process.kill(pid, `SIG${signal}`)
      return true
    } catch {
      return false
    }
  }

  async function signalWithin(containerId: string, mark: string, signal: 'HUP' | 'KILL'): Promise<void> {
    const exec = await execOf(containerId, ['sh', '-c', signalScript, 'sh', `${markName}=${mark}`, signal])
    await answered(client, exec.start({ Detach: true }))
  }

  return {
    async find(containerId) {
      const info = await ask(async (abortSignal) =>
        docker
          .getContainer(containerId)
          .inspect({ abortSignal })
          .catch((error: unknown) => {
            if (hasStatus(error, 404) || hasStatus(error, 400)) return null
            throw error
          }),
      )
      if (!info) return null
      const labels = info.Config.Labels
      return {
        id: info.Id,
        name: info.Name.replace(/^\//, ''),
        isRunning: info.State.Running && !info.State.Paused,
        project: labels[composeLabels.project] ?? null,
        workingDir: labels[composeLabels.workingDir] ?? null,
        service: labels[composeLabels.service] ?? null,
      }
    },

    async run(containerId, { command, mark, ...first }): Promise<TerminalProgram> {
      const exec = await execOf(containerId, command, mark)
      const stream: Duplex = await answered(client, exec.start({ hijack: true, stdin: true, Tty: true }))
      // How it ends is asked of the Engine.
      stream.on('error', () => undefined)
      const look = () => ask((abortSignal) => exec.inspect({ abortSignal }))
      const isRunning = async (): Promise<boolean> => (await look()).Running
      const wait = (ms: number): Promise<void> => new Promise((resolve) => void options.clock.after(ms, resolve))
      let size = first

      /** Until its program has started, a terminal has no size. One that has ended, or is not there, never gets one. */
      async function applySize(): Promise<void> {
        for (let attempt = 1; attempt <= resizeAttempts; attempt += 1) {
          const { cols, rows } = size
          const isDone = await exec.resize({ w: cols, h: rows }).then(
            () => true,
            () => false,
          )
          if (isDone) return
          await wait(attempt * 10)
        }
      }
      void applySize()

      return {
        stream,

        resize(to) {
          size = to
          return applySize()
        },

        /** Call when the stream has ended. */
        async exit(firstWords) {
          const { ExitCode: code, Pid: pid } = await look()
          const isMissing = code !== null && cannotRun.includes(code) && (pid === 0 || firstWords.startsWith(notStarted))
          return { code, isMissing }
        },

        async hangUp() {
          for (const signal of ['HUP', 'KILL'] as const) {
            const { Running: runs, Pid: pid } = await look()
            if (!runs) break
            if (!(await signalFromHere(pid, mark, signal))) await signalWithin(containerId, mark, signal)
            const until = options.clock.now().getTime() + killAfterMs
            while ((await isRunning()) && options.clock.now().getTime() < until) {
              await wait(50)
            }
          }
          stream.destroy()
          if (await isRunning()) throw new AppError('CONFLICT', 'The program in the container does not end')
        },
      }
    },
  }
}
