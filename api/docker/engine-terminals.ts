import type { Duplex } from 'node:stream'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { composeLabels } from './container-mapping.ts'
import { rightsOf } from './container-rights.ts'
import { answered, createEngineClient, inspectContainer } from './engine-client.ts'
import type { EngineTerminals, TerminalProgram } from './engine.types.ts'
import { watchContainerFate } from './container-fate.ts'
import { createMarkedPrograms, killAfterMs, markVariable } from './marked-programs.ts'

/** As patient as Docker's own command line. */
const resizeAttempts = 10
/** Docker writes this on the stream itself when it could not start a program. */
const notStarted = 'OCI runtime exec failed'
/** Codes of programs that a signal ended. */
const killedFrom = 128
/** Docker's own codes for a program that cannot be run, or is not there. */
const cannotRun = [126, 127]

/** @throws StartError when dockerHost is not an address */
export function createEngineTerminals(options: { clock: Clock; dockerHost?: string }): EngineTerminals {
  const client = createEngineClient(options)
  const { docker, ask } = client
  const wait = (ms: number): Promise<void> => new Promise((resolve) => void options.clock.after(ms, resolve))

  const marked = createMarkedPrograms({ client, clock: options.clock })

  async function execOf(containerId: string, command: string[], mark?: string) {
    const attached = { AttachStdin: true, AttachStdout: true, AttachStderr: true, Tty: true }
    return answered(
      client,
      docker.getContainer(containerId).exec({
        Cmd: command,
        ...(mark === undefined ? {} : { ...attached, Env: ['TERM=xterm-256color', markVariable(mark)] }),
      }),
    )
  }

  return {
    async find(containerId) {
      const inspect = (id: string) => inspectContainer(client, id)
      const info = await inspect(containerId)
      if (!info) return null
      const labels = info.Config.Labels
      return {
        id: info.Id,
        name: info.Name.replace(/^\//, ''),
        isRunning: info.State.Running,
        isPaused: info.State.Paused,
        project: labels[composeLabels.project] ?? null,
        workingDir: labels[composeLabels.workingDir] ?? null,
        service: labels[composeLabels.service] ?? null,
        rights: await rightsOf(info, inspect),
      }
    },

    async run(containerId, { command, mark, ...first }): Promise<TerminalProgram> {
      const [fate, exec] = await Promise.all([watchContainerFate({ client, wait }, containerId), execOf(containerId, command, mark)])
      const stream: Duplex = await answered(client, exec.start({ hijack: true, stdin: true, Tty: true }))
      // How it ends is asked of the Engine.
      stream.on('error', () => undefined)
      const look = () => ask((abortSignal) => exec.inspect({ abortSignal }))
      const isRunning = async (): Promise<boolean> => (await look()).Running
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
          const seen = await look().catch(() => null)
          // Docker forgets what ran in a container that is removed.
          if (!seen) return { code: null, isMissing: false, fate: await fate(true) }
          const { ExitCode: code, Pid: pid } = seen
          const hasNotRun = code !== null && cannotRun.includes(code) && (pid === 0 || firstWords.startsWith(notStarted))
          const seenFate = await fate(!hasNotRun && (code === null || code >= killedFrom))
          // In a container that was stopped before it could start, it may be there all the same.
          return { code, isMissing: hasNotRun && seenFate === null, fate: seenFate }
        },

        async hangUp() {
          for (const signal of ['HUP', 'KILL'] as const) {
            const { Running: runs, Pid: pid } = await look()
            if (!runs) break
            await marked.signal(containerId, pid, mark, signal)
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

    endMarked: marked.endAll,
  }
}
